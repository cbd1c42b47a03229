import type { Sighting } from '../../src/traffic/sighting.ts'
import { passing } from '../../src/traffic/sighting.ts'

export interface Seen {
  readonly method?: string
  readonly url?: string
  readonly headers?: readonly string[]
  readonly body?: string
  readonly status?: number
  readonly answerHeaders?: readonly string[]
  readonly answerBody?: string
}

/** A request that was answered as a whole. */
export const sightingOf = (seen: Seen, id = 1): Sighting => ({
  id,
  at: 0,
  startedAt: 0,
  method: seen.method ?? 'GET',
  url: seen.url ?? '/',
  address: '127.0.0.1',
  headers: seen.headers ?? [],
  body: seen.body === undefined ? undefined : passing(undefined, seen.body),
  status: seen.status ?? 200,
  answerHeaders: seen.answerHeaders ?? '',
  answerBody: seen.answerBody === undefined ? undefined : passing(undefined, seen.answerBody),
  isWhole: true,
  isLost: false,
  endedAt: 5,
  fault: undefined,
  notes: [],
})
