import { AssertionError } from 'node:assert'
import { setTimeout as delay } from 'node:timers/promises'
import { type Call, PanoptesRefusal } from './call.ts'
import type { Exchange, ExchangeQuery } from './words.ts'

export interface JournalReading {
  /** Answered exchanges that match, oldest first. @param query `limit` keeps the newest ones, 100 if it is left out */
  find(query?: ExchangeQuery & { readonly limit?: number }): Promise<readonly Exchange[]>
  /**
   * The first exchange that matches and that `next` has not given yet: at once when it came already, else when it comes. So
   * nothing is missed between two calls. `after` in the query begins elsewhere.
   * @throws AssertionError when none came in time, 10 seconds if nothing else is said
   */
  next(query?: ExchangeQuery, options?: { readonly timeoutSeconds?: number }): Promise<Exchange>
  /**
   * Requires that exchanges match: at least one, or exactly so many `times`. Waits a moment for those that are still on their way.
   * @returns them @throws AssertionError that lists what did arrive
   */
  expect(
    query: ExchangeQuery,
    options?: { readonly times?: number; readonly withinMs?: number },
  ): Promise<readonly Exchange[]>
  /** Requires that nothing matches until now. @throws AssertionError that lists what did arrive */
  expectNone(query: ExchangeQuery): Promise<void>
  /** The id of the newest exchange, for `after`; 0 before the first. */
  lastId(): Promise<number>
  clear(): Promise<void>
}

type WireExchange = Omit<Exchange, 'at'> & { readonly at: string }
interface WirePage {
  readonly exchanges: readonly WireExchange[]
  readonly lastId: number
}

const exchangeOf = (wire: WireExchange): Exchange => ({ ...wire, at: new Date(wire.at) })

/** One line of an exchange: enough to see which request it was and why it was refused. */
function lineOf({ id, method, path, name, answer, fault, notes }: Exchange): string {
  const status = answer ? answer.status : 'no answer'
  const why = notes.flatMap(({ code, detail }) => detail ?? code ?? []).join('; ')
  const marks = [name ?? 'no name', ...(fault ? [`disturbed by ${fault}`] : []), ...(why ? [why] : [])]
  return `#${id} ${method} ${path} -> ${status} (${marks.join(', ')})`
}

const shownExchanges = 20

/** All that arrived, those that match marked. */
function arrivals(all: readonly Exchange[], matching: readonly Exchange[]): string {
  if (all.length === 0) return 'Nothing arrived at all.'
  const ids = new Set(matching.map(({ id }) => id))
  const shown = all.slice(-shownExchanges)
  const heading = `What arrived, the newest ${shown.length} last; > matches:`
  return [heading, ...shown.map((one) => `${ids.has(one.id) ? '>' : ' '} ${lineOf(one)}`)].join('\n')
}

const queryInWords = (query: ExchangeQuery): string => {
  const given = Object.entries(query).filter(([, value]) => value !== undefined)
  return given.length === 0
    ? 'any exchange'
    : `exchanges with ${given.map((pair) => pair.join(' ')).join(', ')}`
}

/** The bound of the control API. */
const most = 10_000
const pollMs = 20

export function journalReading(call: Call): JournalReading & { rewind(): void } {
  let given = 0
  const page = async (query: object): Promise<WirePage> =>
    (await call('GET', '/journal', { query: { ...query } })) as WirePage
  const find: JournalReading['find'] = async (query = {}) => (await page(query)).exchanges.map(exchangeOf)
  const failure = async (
    stackStartFn: JournalReading['expect'] | JournalReading['expectNone'] | JournalReading['next'],
    words: string,
    matching: readonly Exchange[],
  ): Promise<AssertionError> =>
    new AssertionError({
      message: `${words}\n${arrivals(await find({ limit: most }), matching)}`,
      stackStartFn,
    })

  const next: JournalReading['next'] = async (query = {}, { timeoutSeconds = 10 } = {}) => {
    try {
      const wire = await call('GET', '/journal/next', {
        query: { after: given, ...query, timeout: timeoutSeconds },
      })
      const exchange = exchangeOf(wire as WireExchange)
      given = Math.max(given, exchange.id)
      return exchange
    } catch (error) {
      if (!(error instanceof PanoptesRefusal && error.code === 'nothing_came')) throw error
      throw await failure(
        next,
        `Expected ${queryInWords(query)} within ${timeoutSeconds} s, but none came.`,
        [],
      )
    }
  }

  const expect: JournalReading['expect'] = async (query, { times, withinMs = 1_000 } = {}) => {
    const until = performance.now() + withinMs
    let matching = await find({ ...query, limit: most })
    while (matching.length < (times ?? 1) && performance.now() < until) {
      await delay(pollMs)
      matching = await find({ ...query, limit: most })
    }
    const isMet = times === undefined ? matching.length > 0 : matching.length === times
    if (isMet) return matching
    const wanted = times === undefined ? 'at least 1' : `${times}`
    const words = `Expected ${wanted} of ${queryInWords(query)}, but ${matching.length} arrived.`
    throw await failure(expect, words, matching)
  }

  const expectNone: JournalReading['expectNone'] = async (query) => {
    const matching = await find({ ...query, limit: most })
    if (matching.length === 0) return
    const words = `Expected no ${queryInWords(query)}, but ${matching.length} arrived.`
    throw await failure(expectNone, words, matching)
  }

  const rewind = (): void => {
    given = 0
  }
  return {
    find,
    next,
    expect,
    expectNone,
    lastId: async () => (await page({ limit: 1 })).lastId,
    clear: async () => {
      await call('DELETE', '/journal')
      rewind()
    },
    rewind,
  }
}
