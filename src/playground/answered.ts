import type { OwnAnswer, OwnRequest } from './call.ts'

/** An answer as a card shows it. */
export interface Answered {
  /** What was asked: `GET /v7/tests`. */
  readonly request: string
  readonly status: number
  /** Only those worth seeing, in a fixed order. */
  readonly headers: readonly { readonly name: string; readonly value: string }[]
  /** JSON set out over lines; cut when it is long. */
  readonly body: string
  readonly isCut: boolean
  /** Epoch ms on the workspace's clock. */
  readonly at: number
}

const worthSeeing = [
  'content-type',
  'www-authenticate',
  'retry-after',
  'x-organization-rate-limit-limit',
  'x-organization-rate-limit-remaining',
  'x-organization-rate-limit-reset',
]

/** Of 20 cards in 200 browsers: some tens of MB at most. */
const maxCharacters = 6_000

/** @returns the members of a JSON object; none when the text is something else */
export function membersOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
  } catch {
    return {}
  }
}

function setOut(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

/** @param at epoch ms on the workspace's clock */
export function answeredBy(request: OwnRequest, answer: OwnAnswer, at: number): Answered {
  const body = setOut(answer.body)
  return {
    request: `${request.method} ${request.path}`,
    status: answer.status,
    headers: worthSeeing.flatMap((name) => {
      const value = answer.headers[name]
      return value === undefined ? [] : [{ name, value: String(value) }]
    }),
    body: body.slice(0, maxCharacters),
    isCut: body.length > maxCharacters,
    at,
  }
}
