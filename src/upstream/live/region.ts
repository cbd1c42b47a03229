import type { Dispatcher } from 'undici'
import { type UpstreamAnswer, type UpstreamRequest, UpstreamUnavailable } from '#upstream/upstream.ts'
import { openBreaker } from './breaker.ts'
import { openBulkhead } from './bulkhead.ts'
import { openConnections } from './connections.ts'
import type { Connecting } from './connector.ts'
import { Exchange, type Outcome } from './exchange.ts'
import type { LiveSettings } from './live-settings.ts'

/** A stopwatch and rounds, by the machine's time. */
export interface Stopwatch {
  /** In ms. */
  readonly now: () => number
  /** @returns what ends the rounds */
  readonly every: (milliseconds: number, work: () => void) => () => void
}

export interface RegionParts {
  readonly origin: string
  readonly connecting: Connecting
  readonly settings: LiveSettings
  readonly stopwatch: Stopwatch
}

/** Whose call it is, and what becomes of it without them. */
export type RegionCaller = Pick<UpstreamRequest, 'signal' | 'repeating' | 'client' | 'credential'>

/** One region: its connections, how many calls may be under way, and whether it is asked at all. Nothing is shared with another. */
export interface Region {
  /** @throws UpstreamUnavailable */
  ask(options: Dispatcher.DispatchOptions, caller: RegionCaller): Promise<UpstreamAnswer>
  /** For whoever watches. */
  standing(): RegionStanding
  close(): Promise<void>
}

export interface RegionStanding {
  /** Whether it is not asked for now. */
  readonly isResting: boolean
  /** Calls. */
  readonly underWay: number
}

const roundMs = 250

const holdersOf = ({ credential, client }: RegionCaller): readonly string[] =>
  client === undefined ? [`user ${credential.userId}`] : [`user ${credential.userId}`, `client ${client}`]

export function openRegion({ origin, connecting, settings, stopwatch }: RegionParts): Region {
  const { maxInFlight, bodyTimeout, totalTimeout, breakerFailures: failures } = settings
  const { breakerRest: restSeconds } = settings
  const connections = openConnections(origin, connecting, settings)
  const breaker = openBreaker({ failures, restSeconds, now: stopwatch.now })
  const bulkhead = openBulkhead(maxInFlight)
  const underWay = new Map<Exchange, () => void>()

  // One round over all of them costs less than a timer for each.
  const endRounds = stopwatch.every(roundMs, () => {
    if (underWay.size === 0) return
    const now = stopwatch.now()
    const isOver = ({ begunAt, heldSince = now }: Exchange): boolean =>
      now - begunAt >= totalTimeout * 1_000 || now - heldSince >= bodyTimeout * 1_000
    for (const exchange of underWay.keys())
      if (isOver(exchange)) exchange.cut(new UpstreamUnavailable('timeout'))
  })

  function over(exchange: Exchange, outcome: Outcome): void {
    underWay.get(exchange)?.()
    underWay.delete(exchange)
    breaker[outcome]()
    if (outcome === 'answered') connections.giveBack(exchange.connection)
    else connections.drop(exchange.connection)
  }

  function begin(options: Dispatcher.DispatchOptions, caller: RegionCaller): Exchange {
    const { repeating } = caller
    // The breaker last: what it admits has to come to an outcome.
    const leave = bulkhead.enter(holdersOf(caller))
    if (!leave) throw new UpstreamUnavailable('full', { retryAfterSeconds: 1 })
    const retryAfterSeconds = breaker.admit()
    if (retryAfterSeconds > 0) {
      leave()
      throw new UpstreamUnavailable('resting', { retryAfterSeconds })
    }
    const exchange = new Exchange({
      options,
      connection: connections.take(),
      now: stopwatch.now,
      repeating,
      over,
    })
    underWay.set(exchange, leave)
    return exchange
  }

  return {
    ask(options, caller) {
      const exchange = begin(options, caller)
      const { signal } = caller
      if (signal.aborted) exchange.cut()
      else {
        signal.addEventListener('abort', () => exchange.cut(), { once: true })
        exchange.send()
      }
      return exchange.answer
    },
    standing: () => ({ isResting: breaker.isResting(), underWay: underWay.size }),
    async close() {
      endRounds()
      for (const exchange of underWay.keys()) exchange.cut()
      await connections.close()
    },
  }
}
