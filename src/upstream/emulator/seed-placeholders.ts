/**
 * Placeholders in the texts of a seed: `{n}`, `{n:3}`, `{g*100+n}`, `{cities}`, `{cities[g].latitude}`. An entry is made ready
 * once, and then filled for each of its copies; what has no placeholder is the same object in all of them.
 */
import { isJsonObject, type Json, type JsonObject, without } from './json.ts'

/** Values by name, from which a placeholder takes one after the other. */
export type SeedLists = Readonly<Record<string, readonly Json[]>>

/** What numbers a placeholder may name, as `n` of the copy. */
export type Numbers = Readonly<Record<string, number>>

/** What placeholders are filled from. */
export interface Filling {
  readonly lists: SeedLists
  readonly numbers: Numbers
}

/** A value that is ready to be filled. @throws UnknownPlaceholder */
export type Template = (filling: Filling) => Json

/** A placeholder that names neither numbers nor a list; where it stands in the entry is added on the way up. */
export class UnknownPlaceholder extends Error {
  readonly path: readonly string[]
  readonly term: string

  constructor(term: string, path: readonly string[]) {
    super(term)
    this.term = term
    this.path = path
  }
}

/** A text in single braces that begins with a letter; doubled ones are those of v7's templates. */
const placeholder = /(?<!\{)\{([A-Za-z][\w.[\]+\-*/%:]*)\}(?!\})/
const sum = /^[A-Za-z]+(?:[-+*/%](?:\d+|[A-Za-z]+))*$/
const listed = /^([A-Za-z]\w*)(?:\[([^[\]]+)\])?((?:\.\w+)*)$/
const padded = /^([^:]+)(?::(\d{1,2}))?$/

const steps: Readonly<Record<string, (left: number, right: number) => number>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => Math.floor(left / right),
  '%': (left, right) => left % right,
}

type Sum = (numbers: Numbers) => number | undefined

/** `g*100+n`, from left to right in whole numbers. */
function sumOf(text: string): Sum | undefined {
  if (!sum.test(text)) return undefined
  const [first = '', ...rest] = text.split(/(?=[-+*/%])/)
  const operand =
    (word: string): ((numbers: Numbers) => number) =>
    (numbers) =>
      /^\d/.test(word) ? Number(word) : (numbers[word] ?? Number.NaN)
  const start = operand(first)
  const following = rest.map((step) => ({ step: steps[step.charAt(0)], right: operand(step.slice(1)) }))
  return (numbers) => {
    let result = start(numbers)
    for (const { step, right } of following) result = step?.(result, right(numbers)) ?? Number.NaN
    return Number.isSafeInteger(result) && result >= 0 ? result : undefined
  }
}

type Term = (filling: Filling) => Json | undefined

/** The values of a list in turn, from the first again after the last. */
function fromList(text: string): Term {
  const [, name = '', index = 'n', path = ''] = listed.exec(text) ?? []
  const place = sumOf(index)
  const fields = path.split('.').slice(1)
  return ({ lists, numbers }) => {
    const values = Object.hasOwn(lists, name) ? (lists[name] ?? []) : []
    const at = place?.(numbers)
    if (at === undefined || values.length === 0) return undefined
    let value: Json | undefined = values[(at + values.length - 1) % values.length]
    for (const field of fields) value = isJsonObject(value) ? value[field] : undefined
    return value
  }
}

function termOf(text: string): Term {
  const [, inner = '', width = '0'] = padded.exec(text) ?? []
  const number = sumOf(inner)
  const other = text.includes(':') ? () => undefined : fromList(text)
  return (filling) => {
    const result = number?.(filling.numbers)
    return result === undefined ? other(filling) : String(result).padStart(Number(width), '0')
  }
}

/** A text that is one placeholder takes any value. */
function textTemplate(text: string, path: readonly string[]): Template | undefined {
  if (!placeholder.test(text)) return undefined
  const parts = text.split(placeholder).map((part, index) => {
    const term = termOf(part)
    return index % 2 === 0
      ? () => part
      : (filling: Filling) => {
          const value = term(filling)
          if (value === undefined) throw new UnknownPlaceholder(part, path)
          return value
        }
  })
  const [before, whole, after] = parts
  if (parts.length === 3 && whole && /^\{[^{}]*\}$/.test(text) && before && after) return whole
  return (filling) =>
    parts.reduce((done, part) => {
      const value = part(filling)
      return `${done}${typeof value === 'object' ? JSON.stringify(value) : value}`
    }, '')
}

/** Undefined where there is nothing to fill. */
function templateWithin(value: Json, path: readonly string[]): Template | undefined {
  if (typeof value === 'string') return textTemplate(value, path)
  if (Array.isArray(value)) {
    const items = (value as readonly Json[]).map((item, index) => ({
      item,
      template: templateWithin(item, [...path, String(index)]),
    }))
    if (items.every(({ template }) => !template)) return undefined
    return (filling) => items.map(({ item, template }) => (template ? template(filling) : item))
  }
  return isJsonObject(value) ? objectTemplate(Object.entries(value), path) : undefined
}

function objectTemplate(
  entries: readonly (readonly [string, Json])[],
  path: readonly string[],
): Template | undefined {
  const parts = entries.map(([key, inner]) => ({
    key,
    inner,
    keyTemplate: textTemplate(key, path),
    template: templateWithin(inner, [...path, key]),
  }))
  if (parts.every(({ keyTemplate, template }) => !(keyTemplate || template))) return undefined
  return (filling) => {
    const filled: Record<string, Json> = {}
    for (const { key, inner, keyTemplate, template } of parts)
      filled[keyTemplate ? String(keyTemplate(filling)) : key] = template ? template(filling) : inner
    return filled
  }
}

const ready = new WeakMap<object, Template>()

/** The entry without its `copies`, ready to be filled; once for all account groups. */
export function templateOf(entry: JsonObject): Template {
  const known = ready.get(entry)
  if (known) return known
  const one = without(entry, ['copies'])
  const made = templateWithin(one, []) ?? (() => one)
  ready.set(entry, made)
  return made
}
