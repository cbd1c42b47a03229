import type { GroupsInBody } from '#domain/operation.ts'

/** What a body says of account groups: which it names, and whether it is about all. */
export type NamedGroups =
  | 'unreadable'
  | {
      readonly names: readonly string[]
      readonly needsAll: boolean
    }

type Need = 'none' | 'named' | 'all'

/** In no encoding but the one that JSON has (RFC 8259 §8.1), as the upstream may believe what the type says. */
const isOtherCharset = (type: string | undefined): boolean =>
  /charset/i.test(type ?? '') && !/charset\s*=\s*"?utf-8"?\s*(?:;|$)/i.test(type ?? '')

/** @returns undefined when it is no JSON */
function parsed(bytes: Buffer): { readonly text: string; readonly value: unknown } | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return { text, value: JSON.parse(text) }
  } catch {
    return undefined
  }
}

/** How many members stand in a text that is JSON, repeated ones too. */
function membersIn(text: string): number {
  let members = 0
  for (const [, colon] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?/g)) if (colon) members += 1
  return members
}

/** A number that is rounded when it is read could stand for another. */
const nameOf = (leaf: unknown): string =>
  typeof leaf === 'number' && !Number.isSafeInteger(leaf) ? 'a number without end' : String(leaf)

interface Part {
  readonly value: unknown
  /** What the member needs that it stands in, at whatever depth. */
  readonly need: Need
}

class Reading {
  readonly names: Set<string> = new Set()
  needsAll = false
  members = 0
  readonly #needs: ReadonlyMap<string, Need>
  /** A list of what is left, as a body may be nested deeper than the stack. */
  readonly #left: Part[] = []

  constructor({ members }: GroupsInBody) {
    this.#needs = new Map([...members].map(([name, need]) => [name.toLowerCase(), need]))
  }

  read(value: unknown): void {
    this.#left.push({ value, need: 'none' })
    for (let part = this.#left.pop(); part; part = this.#left.pop()) this.#readPart(part)
  }

  #readPart({ value, need }: Part): void {
    if (value === null) return
    if (Array.isArray(value)) for (const item of value) this.#left.push({ value: item, need })
    else if (typeof value === 'object') this.#readMembers(value, need)
    else if (need === 'named') this.names.add(nameOf(value))
    else if (need === 'all') this.needsAll = true
  }

  #readMembers(object: object, need: Need): void {
    for (const [name, value] of Object.entries(object)) {
      this.members += 1
      this.#left.push({ value, need: this.#needs.get(name.toLowerCase()) ?? need })
    }
  }
}

/** @param type the Content-Type @returns what stands in the members that name account groups, wherever they are */
export function namedGroups(bytes: Buffer, type: string | undefined, groups: GroupsInBody): NamedGroups {
  const body = isOtherCharset(type) ? undefined : parsed(bytes)
  if (!body) return 'unreadable'
  const reading = new Reading(groups)
  reading.read(body.value)
  if (reading.members !== membersIn(body.text)) return 'unreadable'
  return { names: [...reading.names], needsAll: reading.needsAll }
}
