import type { Refusal } from '#domain/refusal.ts'

/** What is wrong with one field of a request. */
export interface Violation {
  /** As in `agents[0].agentId`. */
  readonly field: string
  readonly message: string
}

const statuses = {
  invalid_request: 400,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  precondition_failed: 412,
  too_large: 413,
  unsupported_media_type: 415,
  too_many_requests: 429,
  not_emulated: 501,
} as const

/** An expected no of the embedded upstream; problems.ts says how each API group words it on the wire. */
export interface V7Refusal extends Refusal<keyof typeof statuses> {
  /** The first ones. */
  readonly violations?: readonly Violation[]
  /** What stands behind them when there are more. */
  readonly others?: string
  /** The description is the whole title of the problem. */
  readonly isTitle?: true
}

export const statusOf = (refusal: V7Refusal): number => statuses[refusal.code]

/** @param description for the client's developer: what to do */
export const refused = (code: keyof typeof statuses, description: string): V7Refusal => ({
  kind: 'refusal',
  code,
  description,
})

/** How many wrong fields an answer lists: a body of thousands of bad ids need not come back as megabytes. Ours. */
const mostListed = 100

/** 400 for fields that the request must change. */
export function invalid(violations: readonly Violation[]): V7Refusal {
  const listed = violations.slice(0, mostListed)
  const left = violations.length - listed.length
  const others = left > 0 ? { others: `And ${left} more.` } : {}
  const words = listed.map(({ field, message }) => `Error in field ${field} : ${message}`)
  return {
    kind: 'refusal',
    code: 'invalid_request',
    description: [...words, ...Object.values(others)].join(' '),
    violations: listed,
    ...others,
  }
}

/** 400 for one field. */
export const invalidField = (field: string, message: string): V7Refusal => invalid([{ field, message }])

export const notFound: V7Refusal = refused('not_found', 'There is no such object in this account group.')

/** Tells a refusal from an answer. Never ask it of what a client sent: wrap that first. */
export const isV7Refusal = (value: object): value is V7Refusal =>
  'kind' in value && value.kind === 'refusal' && 'code' in value
