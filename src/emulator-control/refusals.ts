import { type Refusal, refuse } from '#domain/refusal.ts'

/** A no of the control API. 404: what was named does not exist; 409: it is not in a state for that; 422: a member says nothing. */
export interface ControlRefusal extends Refusal {
  readonly status: 400 | 403 | 404 | 405 | 409 | 410 | 413 | 415 | 421 | 422
}

/** @param description names the key, what was found and what is allowed */
export const refuseWith = (
  status: ControlRefusal['status'],
  code: string,
  description: string,
): ControlRefusal => ({ ...refuse(code, description), status })

/** The longest piece of a request that an error repeats. */
const shownLength = 80

function inJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return 'something too deep to show' // what JSON.parse can read, JSON.stringify need not be able to write
  }
}

/** @returns what a request said, as an error shows it */
export function found(value: unknown): string {
  if (value === undefined) return 'found nothing'
  const text = inJson(value)
  return `found ${text.length > shownLength ? `${text.slice(0, shownLength)}…` : text}`
}

/** The most alternatives that an error lists. */
const listedNames = 20

/** @returns `allowed are a, b, c`, cut where it would get long */
export function allowedAre(names: readonly string[]): string {
  if (names.length === 0) return 'there is none'
  const more = names.length > listedNames ? `, and ${names.length - listedNames} more` : ''
  return `allowed are ${names.slice(0, listedNames).join(', ')}${more}`
}
