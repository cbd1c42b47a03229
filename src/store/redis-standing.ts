/**
 * Standing: whether the Redis that serves now can be used, looked at whenever one was connected to and every two seconds. It must be a
 * primary, keep what it acknowledged (with any policy but noeviction it drops records to make room: people would lose connections
 * without a trace, reliability R20), and hold records of this version. One that is empty gets what a store begins with (R12, R17).
 */
import { StoreFailure } from './store.ts'

/** What a look finds. */
export interface RedisFacts {
  /** The sections of those names of Redis' INFO; undefined where this user may not ask. */
  readonly memory?: string
  readonly replication?: string
  readonly head: string | null
}

export interface RedisStandingParts {
  /** Of the server, for people. */
  readonly name: string
  readonly schemaVersion: number
  /** @throws when Redis does not answer */
  readonly look: () => Promise<RedisFacts>
  /** Whether a Redis without a head holds records of a version that had none, and what to do then, in words. */
  readonly older: () => Promise<string | undefined>
  /**
   * Writes what an empty store begins with, unless another node was first. @returns the head, undefined when it is to stay empty
   * @throws CannotBegin
   */
  readonly begin: () => Promise<string | undefined>
  /** Told when all records are others than before. */
  readonly renewed: () => void
  /** Told in words why the store cannot be used, and undefined when it can. */
  readonly told: (reason: string | undefined) => void
}

export interface RedisStanding {
  /** What is wrong with the server; undefined when nothing is known to be. */
  reason(): string | undefined
  /** Another server may serve now: nothing is known of it before it was looked at. */
  connected(): void
  /** Undefined when the server is known, else a look at it. */
  known(): Promise<void> | undefined
  /** Looks again. Silence changes nothing: the commands tell of that. */
  look(): Promise<void>
  /** A command found this head: null or empty when there is none. @throws StoreFailure when what it found beside is not to be believed */
  assertHead(head: string | null | undefined): void
  /** Resolves at the first time that all is well; rejects when the records there are of another version. */
  readonly settled: Promise<void>
  /** Whether it was rejected. */
  isRefused(): boolean
  stop(): void
}

const lookEveryMilliseconds = 2_000

/** @param memory the section of that name of Redis' INFO @returns what is wrong with it, undefined when nothing is */
export function wrongPolicy(memory: string): string | undefined {
  const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1]
  return policy === undefined || policy === 'noeviction'
    ? undefined
    : `its maxmemory-policy is ${policy}; allowed is noeviction`
}

interface HeadJudge {
  /** @returns what is wrong with it in words, undefined when nothing is */
  accept(head: string): string | undefined
  /** Whether it is of the birth that was accepted last. */
  isAsAccepted(head: string): boolean
}

function headJudge({
  schemaVersion,
  renewed,
}: Pick<RedisStandingParts, 'schemaVersion' | 'renewed'>): HeadJudge {
  /** What every head of this birth begins with. */
  let accepted: string | undefined
  return {
    accept(head) {
      const [schema = '', birth = ''] = head.split(' ')
      if (schema !== String(schemaVersion))
        return `its schema version is ${schema}; this Panoptes supports ${schemaVersion}`
      const beginning = `${schema} ${birth} `
      const isAnother = accepted !== undefined && accepted !== beginning
      accepted = beginning
      if (isAnother) renewed()
      return undefined
    },
    isAsAccepted: (head) => accepted !== undefined && head.startsWith(accepted),
  }
}

export function redisStanding(parts: RedisStandingParts): RedisStanding {
  const { name } = parts
  const settled = Promise.withResolvers<void>()
  settled.promise.catch(() => undefined)
  let wrong: string | undefined
  let looks = 0
  let isKnown = false
  let isRefused = false
  let looking: Promise<void> | undefined

  const heads = headJudge(parts)

  async function examine(): Promise<string | undefined> {
    const { memory = '', replication = '', head } = await parts.look()
    // What it tells may be old, and a fail-over may be under way: a beat that is refused connects anew.
    if (/^role:slave/m.test(replication)) return 'it is a replica; allowed is the primary'
    const policy = wrongPolicy(memory)
    if (policy !== undefined) return policy
    const older = head === null ? await parts.older() : undefined
    const found = older === undefined ? (head ?? (await parts.begin())) : undefined
    const problem = older ?? (found === undefined ? undefined : heads.accept(found))
    isRefused ||= problem !== undefined
    return problem
  }

  async function lookUntilSeen(): Promise<void> {
    for (let seen = 0; seen !== looks; ) {
      seen = looks
      try {
        wrong = await examine()
      } catch (failure) {
        // Not connected any more, or it refuses what every command needs: those tell.
        if (failure instanceof CannotBegin) wrong = failure.message
        else return
      }
    }
    isKnown = true
    parts.told(wrong)
    if (isRefused) settled.reject(new StoreFailure(`Redis at ${name} cannot be used: ${wrong}`))
    else if (wrong === undefined) settled.resolve()
  }

  function look(): Promise<void> {
    looks += 1
    looking ??= lookUntilSeen().finally(() => {
      looking = undefined
    })
    return looking
  }
  const timer = setInterval(() => void look(), lookEveryMilliseconds)
  timer.unref()

  return {
    reason: () => wrong,
    connected() {
      isKnown = false
      void look()
    },
    known: () => (isKnown ? undefined : (looking ?? look())),
    look,
    assertHead(head) {
      if (head && heads.isAsAccepted(head)) return
      void look()
      throw new StoreFailure(
        `Redis at ${name} cannot be used: ${head ? 'its records are others than a moment ago' : 'it lost all records'}`,
      )
    },
    settled: settled.promise,
    isRefused: () => isRefused,
    stop: () => clearInterval(timer),
  }
}

/** An empty Redis that takes no records. */
export class CannotBegin extends Error {
  override readonly name = 'CannotBegin'
}
