/** How a node hears of changes: on a connection of its own, with beats that show whether it still does. */
import type { Redis } from 'ioredis'
import type { RedisConnections } from './redis-connections.ts'
import type { RecentRecordsParts } from './redis-recent.ts'
import { beatScript } from './redis-scripts.ts'

/** The clock of the Redis that serves, as far as this process knows it. */
export interface ServerClock {
  /** @param at what Redis said, in ms @param sentAt when it was asked, by `performance.now()` */
  saw(at: number, sentAt: number): void
  /** What Redis' clock shows so many ms from now, at the latest; undefined before the first answer. */
  after(milliseconds: number): number | undefined
}

export function serverClock(): ServerClock {
  let ahead: number | undefined
  return {
    saw(at, sentAt) {
      ahead = at - sentAt
    },
    after: (milliseconds) =>
      ahead === undefined ? undefined : Math.ceil(performance.now() + ahead + milliseconds),
  }
}

export interface HearingParts {
  readonly connections: RedisConnections
  readonly prefix: string
  /** Told of the head that a beat found. */
  readonly sawHead: (head: string) => void
  readonly server: ServerClock
  /** Of this node alone. */
  readonly node: string
  /** What else to listen on. */
  readonly channels: readonly string[]
}

/**
 * Counted in beats, not in time: where the process itself stands still, answers wait beside it, and a timer would not know.
 */
const mostUnanswered = 4

interface Beating {
  beat(keyCount: number, ...keysAndArguments: (string | number)[]): Promise<[string, number]>
}

export function hearingOf({
  connections,
  prefix,
  sawHead,
  server,
  node,
  channels,
}: HearingParts): Omit<RecentRecordsParts, 'most'> {
  const { announcements: subscriber, commands } = connections
  const changed = `${prefix}changed`
  const beats = `${prefix}beats:${node}`
  commands.defineCommand('beat', { lua: beatScript })
  const beating = commands as Redis & Beating
  let unanswered = 0
  commands.on('ready', () => {
    unanswered = 0
  })
  return {
    changed,
    beats,
    async beat(text) {
      if (unanswered >= mostUnanswered) connections.leave()
      unanswered += 1
      const sentAt = performance.now()
      const [head, at] = await beating
        .beat(1, `${prefix}head`, prefix, beats, text)
        .catch((failure: Error) => {
          // A refusal is an answer.
          if (failure.message !== 'Command timed out') unanswered = 0
          throw failure
        })
      unanswered = 0
      server.saw(at, sentAt)
      sawHead(head)
    },
    announcements: {
      listen(hear, lost) {
        subscriber.on('message', hear)
        subscriber.on('close', lost)
        subscriber.on(
          'ready',
          () => void subscriber.subscribe(changed, beats, ...channels).catch(() => undefined),
        )
        subscriber.connect().catch(() => undefined)
        // Whoever serves the commands from now on announces there, perhaps on another server.
        commands.on('ready', () => subscriber.disconnect(true))
      },
      restart: () => subscriber.disconnect(true),
      close: () => subscriber.disconnect(),
    },
  }
}
