/**
 * Commits on their way to Redis: each is one script. Where replicas have to acknowledge, those of one moment go together, with a
 * write of their own and one WAIT behind them on the same connection, which waits for what that connection wrote last (DECISIONS 89).
 */
import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'
import { commitScript } from './redis-scripts.ts'

/** Sends one commit: its keys and arguments. @returns as `commitAnswers` @throws when it is not acknowledged */
export type SendCommit = (keys: readonly string[], words: readonly (string | number)[]) => Promise<number>

interface Scripted {
  commitChanges(keyCount: number, ...keysAndWords: (string | number)[]): Promise<number>
}

/** Commits that count once the primary has them. */
export function directCommits(redis: Redis): SendCommit {
  redis.defineCommand('commitChanges', { lua: commitScript })
  const scripted = redis as Redis & Scripted
  return (keys, words) => scripted.commitChanges(keys.length, ...keys, ...words)
}

interface Waiting {
  readonly keys: readonly string[]
  readonly words: readonly (string | number)[]
  readonly answered: PromiseWithResolvers<number>
}

export interface ReplicatedParts {
  /** Before every key. */
  readonly prefix: string
  /** Used for nothing else: order counts. */
  readonly redis: Redis
  /** So many must have it. */
  readonly replicas: number
  /** So long they have. */
  readonly milliseconds: number
}

const most = 100
const writtenMilliseconds = 60_000
const hash = createHash('sha1').update(commitScript).digest('hex')

const refusalOf = (answer: PromiseSettledResult<unknown>): string =>
  answer.status === 'rejected' ? (answer.reason as Error).message : ''

function settle(
  { resolve, reject }: PromiseWithResolvers<number>,
  answer: PromiseSettledResult<unknown> | undefined,
  lack: Error | undefined,
): void {
  if (answer?.status !== 'fulfilled') reject(answer?.reason)
  else if (lack) reject(lack)
  else resolve(Number(answer.value))
}

/**
 * Commits that count once so many replicas have them, and conflicts once these have what the conflict is with. What they did not
 * acknowledge in time may stand, or be lost: a failure.
 */
export function replicatedCommits({ redis, prefix, replicas, milliseconds }: ReplicatedParts): SendCommit {
  const waiting: Waiting[] = []
  let isSending = false
  let connections = 0
  redis.on('ready', () => {
    connections += 1
  })

  /** @returns whether all has to be sent again, which the marks make safe */
  async function isToRepeat(
    answers: readonly PromiseSettledResult<unknown>[],
    connection: number,
  ): Promise<boolean> {
    const isForgotten = answers.some((answer) => refusalOf(answer).startsWith('NOSCRIPT'))
    if (isForgotten) await redis.script('LOAD', commitScript)
    // A WAIT that was sent again, on another connection, waited for nothing.
    return (
      isForgotten || (connection !== connections && answers.every(({ status }) => status === 'fulfilled'))
    )
  }

  async function together(batch: readonly Waiting[]): Promise<void> {
    const connection = connections
    const sent = batch.map(({ keys, words }) => redis.evalsha(hash, keys.length, ...keys, ...words))
    // Behind whatever anybody wrote before, also where these wrote nothing.
    sent.push(redis.set(`${prefix}written`, '', 'PX', writtenMilliseconds))
    const [acknowledged, ...answers] = await Promise.allSettled([redis.wait(replicas, milliseconds), ...sent])
    if (await isToRepeat([acknowledged, ...answers], connection)) return together(batch)
    const count = acknowledged.status === 'fulfilled' ? acknowledged.value : 0
    const lack =
      count < replicas
        ? new Error(`${count} of ${replicas} replicas acknowledged within ${milliseconds} ms`)
        : undefined
    for (const [position, { answered }] of batch.entries()) settle(answered, answers[position], lack)
  }

  async function sendAll(): Promise<void> {
    isSending = true
    while (waiting.length > 0) {
      const batch = waiting.splice(0, most)
      await together(batch).catch((failure: unknown) => {
        for (const { answered } of batch) answered.reject(failure)
      })
    }
    isSending = false
  }

  return (keys, words) => {
    const answered = Promise.withResolvers<number>()
    waiting.push({ keys, words, answered })
    // Those of the same turn join it.
    if (!isSending) {
      isSending = true
      setImmediate(() => void sendAll())
    }
    return answered.promise
  }
}
