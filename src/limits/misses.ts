import { hash } from 'node:crypto'
import type { Clock } from '#domain/clock.ts'
import type { Store, StoredRecord } from '#store/store.ts'
import type { LimitRule } from './limits.ts'

/** Attempts per key as a sliding log: the instants of those that passed, at most `limit` of them, in one record of the store. */
export interface Misses {
  /** @returns 0 when the attempt passes and is counted, else epoch ms until which the key is blocked */
  hit(key: string, rule: LimitRule): Promise<number>
  /** @returns epoch ms until which the key is blocked; 0 when it is not */
  blockedUntil(key: string, rule: LimitRule): Promise<number>
  /** Counts attempts as if they were made now, until the key is blocked. @returns epoch ms until which it is */
  fill(key: string, rule: LimitRule): Promise<number>
  /** Takes the newest attempt back. */
  release(key: string): Promise<void>
  clear(key: string): Promise<void>
}

/** Each conflict means that another process moved on, so a loser meets only as many as there are processes; then it is a failure. */
const maxConflicts = 32

interface Attempt {
  readonly rule: LimitRule
  resolve(blockedUntil: number): void
  reject(error: unknown): void
}

interface Amendment<Result> {
  readonly result: Result
  /** What the record is to hold from now on; left out when it stays as it is. */
  readonly replacement?: { readonly instants: readonly number[]; readonly expiresAt: number }
}

/** Keys are text of callers (addresses, e-mails): a digest bounds their length and keeps personal data out of the store. */
const recordKey = (key: string): string => `limits:${hash('sha256', key, 'base64url')}`

/** A value that is not ours counts as no attempts rather than as a failure of every sign-in. */
const instantsOf = (record: StoredRecord | undefined): readonly number[] =>
  (record?.value ?? '')
    .split(',')
    .map((text) => Number.parseInt(text, 10))
    .filter(Number.isFinite)

/** Clocks of processes differ a little; what lies further ahead was counted before a clock was set back, and counts no more. */
const skewMs = 60_000

/** Blocked from the `limit`-th attempt on, until the oldest of the last `limit` attempts leaves the window. */
function blockOf(instants: readonly number[], { limit, windowSeconds }: LimitRule, now: number): number {
  const recent = instants.filter((at) => at > now - windowSeconds * 1000 && at <= now + skewMs)
  return recent.length < limit ? 0 : (recent.at(-limit) ?? now) + windowSeconds * 1000
}

/** Judges attempts in turn, so that exactly as many pass as would one after the other. */
function judge(
  attempts: readonly Attempt[],
  before: readonly number[],
  now: number,
): Amendment<readonly number[]> {
  const instants = [...before]
  const result = attempts.map(({ rule }) => {
    const blockedUntil = blockOf(instants, rule, now)
    if (blockedUntil === 0) instants.push(now)
    return blockedUntil
  })
  if (!result.includes(0)) return { result }
  const window = Math.max(...attempts.map(({ rule }) => rule.windowSeconds * 1000))
  const recent = instants.filter((at) => at > now - window)
  return { result, replacement: { instants: recent, expiresAt: now + window } }
}

export function openMisses(store: Store, clock: Clock): Misses {
  /** Attempts that wait for the commit in progress of their key: they share the next one. */
  const waiting = new Map<string, Attempt[]>()

  async function amend<Result>(
    key: string,
    amendmentOf: (record: StoredRecord | undefined) => Amendment<Result>,
  ): Promise<Result> {
    for (let conflicts = 0; conflicts < maxConflicts; conflicts += 1) {
      const [record] = await store.read([key])
      const { result, replacement } = amendmentOf(record)
      if (!replacement) return result
      const { instants, expiresAt } = replacement
      const expected = record?.version ?? 'absent'
      const put = { kind: 'put', key, value: instants.join(','), expiresAt, expected } as const
      if ((await store.commit([put])) === 'committed') return result
    }
    throw new Error(`attempts were not counted: ${maxConflicts} conflicts in a row`)
  }

  async function settle(key: string, attempts: readonly Attempt[]): Promise<void> {
    try {
      const verdicts = await amend(key, (record) => judge(attempts, instantsOf(record), clock.now()))
      for (const [index, attempt] of attempts.entries()) attempt.resolve(verdicts[index] ?? 0)
    } catch (error) {
      for (const attempt of attempts) attempt.reject(error)
    }
  }

  async function drain(key: string): Promise<void> {
    for (let batch = waiting.get(key) ?? []; batch.length > 0; batch = waiting.get(key) ?? []) {
      waiting.set(key, [])
      await settle(key, batch)
    }
    waiting.delete(key)
  }

  return {
    hit: (text, rule) =>
      new Promise((resolve, reject) => {
        const key = recordKey(text)
        const attempt = { rule, resolve, reject }
        const queue = waiting.get(key)
        if (queue) {
          queue.push(attempt)
          return
        }
        waiting.set(key, [attempt])
        void drain(key)
      }),
    async blockedUntil(key, rule) {
      const [record] = await store.read([recordKey(key)])
      return blockOf(instantsOf(record), rule, clock.now())
    },
    async fill(key, rule) {
      const now = clock.now()
      const instants = Array.from({ length: rule.limit }, () => now)
      const expiresAt = now + rule.windowSeconds * 1000
      await amend(recordKey(key), () => ({ result: undefined, replacement: { instants, expiresAt } }))
      return expiresAt
    },
    release: (key) =>
      amend(recordKey(key), (record) =>
        record
          ? {
              result: undefined,
              replacement: { instants: instantsOf(record).slice(0, -1), expiresAt: record.expiresAt },
            }
          : { result: undefined },
      ),
    async clear(key) {
      await store.commit([{ kind: 'delete', key: recordKey(key) }])
    },
  }
}
