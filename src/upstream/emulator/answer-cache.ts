import { isAscii } from 'node:buffer'
import type { UpstreamAnswer, UpstreamRequest } from '#upstream/upstream.ts'

/**
 * Rendered answers of GETs, good for one revision of the region's state. The caller is part of the key, because what v7 shows
 * and refuses depends on the caller's roles. Bounded: the oldest go first.
 */
export interface AnswerCache {
  find(key: string, revision: number): UpstreamAnswer | undefined
  keep(key: string, revision: number, answer: UpstreamAnswer): void
}

const longestKey = 2_000
/** A list of some thousand objects. */
const largestBody = 4_194_304
/** Of all answers that are kept, in bytes. */
const largestSum = 16_777_216
/** Up to this size one write is worth more than the copy that it costs. */
const largestText = 65_536

export const answerKey = ({
  region,
  credential,
  operation,
  parameters,
  query,
  accountGroup,
}: UpstreamRequest): string =>
  `${region} ${credential.userId} ${operation.id} ${Object.values(parameters).join('/')} ${accountGroup ?? ''} ${query.size === 0 ? '' : query}`

/** Node sends a text in one write with its head, and bytes in a second one. All ASCII, a text is as small as its bytes. */
const inOneWrite = (answer: UpstreamAnswer, body: Buffer): UpstreamAnswer =>
  body.length <= largestText && isAscii(body) ? { ...answer, body: body.toString('latin1') } : answer

interface Kept {
  readonly revision: number
  readonly answer: UpstreamAnswer
  readonly bytes: number
}

/** @param capacity how many answers are kept at most */
export function answerCache(capacity: number): AnswerCache {
  const kept = new Map<string, Kept>()
  let sum = 0
  const drop = (key: string): void => {
    sum -= kept.get(key)?.bytes ?? 0
    kept.delete(key)
  }
  return {
    find(key, revision) {
      const found = kept.get(key)
      return found?.revision === revision ? found.answer : undefined
    },
    keep(key, revision, answer) {
      if (key.length > longestKey || !(answer.body instanceof Buffer) || answer.body.length > largestBody)
        return
      drop(key)
      const bytes = answer.body.length
      kept.set(key, { revision, answer: inOneWrite(answer, answer.body), bytes })
      sum += bytes
      for (const oldest of kept.keys()) {
        if (kept.size <= capacity && sum <= largestSum) break
        drop(oldest)
      }
    },
  }
}
