import { openAudience } from './audience.ts'
import { type ExchangeParts, exchangeOf, noteAlone } from './exchange.ts'
import { clientReader, matches } from './matching.ts'
import { unclaimedNotes } from './notes.ts'
import { type Bounds, openRing, type Slot } from './ring.ts'
import { headerOf, type Sighting } from './sighting.ts'
import type { Timers } from './timers.ts'
import type { Exchange, ExchangeQuery, Journal, JournalNote } from './traffic.ts'

/** The journal with what only the wrapper of a listener and the log may do. */
export interface WritableJournal extends Journal {
  nextId(): number
  /** Keeps a request that has come. */
  begin(sighting: Sighting): void
  /** Its answer is complete, or its connection has ended. */
  end(sighting: Sighting): void
  /** Adds a note to the exchange whose answer bears that `X-Request-Id`: the one under way, or one of the latest. */
  note(requestId: string, note: JournalNote): void
}

export interface JournalParts extends ExchangeParts {
  readonly timers: Timers
  readonly bounds?: Bounds
}

/** 4 MB would be 1,000 exchanges of 4 kB, head and bodies together. */
const defaultBounds: Bounds = { exchanges: 1000, weight: 4 * 1024 * 1024 }

/** A note that comes after its answer belongs to one of so many. */
const noteReach = 50

const requestIdOf = ({ sighting, exchange }: Slot): string | undefined =>
  headerOf(sighting?.answerHeaders ?? exchange?.answer?.headers ?? [], 'x-request-id')

/** Reading the ring makes exchanges of sightings. */
function readerOf(parts: ExchangeParts): (slots: readonly Slot[]) => readonly Exchange[] {
  function read(slot: Slot): Exchange | undefined {
    if (slot.hasEnded && slot.sighting) {
      slot.exchange = exchangeOf(slot.sighting, parts)
      slot.sighting = undefined
    }
    return slot.exchange
  }
  return (slots) => slots.map(read).filter((exchange) => exchange !== undefined)
}

/** The newest of a list, as many as are wanted. */
const newest = (exchanges: readonly Exchange[], { limit }: ExchangeQuery): readonly Exchange[] =>
  limit === undefined ? exchanges : exchanges.slice(Math.max(0, exchanges.length - limit))

/** @param parts with bounds for tests: otherwise 1,000 exchanges and 4 MB */
export function openJournal(parts: JournalParts): WritableJournal {
  const ring = openRing(parts.bounds ?? defaultBounds)
  const unclaimed = unclaimedNotes()
  const read = readerOf(parts)
  const audience = openAudience(parts.timers, isFor)

  function all(query: ExchangeQuery): readonly Exchange[] {
    const { after = 0, clientId } = query
    if (clientId === undefined)
      return read(ring.all().filter(({ id }) => id > after)).filter((exchange) => matches(exchange, query))
    // From the oldest on, as a token may have been given long before it was used.
    const clientOf = clientReader()
    return read(ring.all())
      .filter((exchange) => clientOf(exchange) === clientId)
      .filter((exchange) => matches(exchange, query))
  }

  function isFor(exchange: Exchange, query: ExchangeQuery): boolean {
    return matches(exchange, query) && (query.clientId === undefined || all(query).includes(exchange))
  }

  return {
    find: (query) => newest(all(query), query),
    async next(query, options) {
      const [already] = query.after === undefined ? [] : all(query)
      return already ?? audience.wait(query, options)
    },
    subscribe: audience.subscribe,
    lastId: ring.lastId,
    clear() {
      ring.clear()
      unclaimed.clear()
    },
    nextId: ring.nextId,
    begin: ring.put,
    end(sighting) {
      if (unclaimed.any()) {
        const requestId = headerOf(sighting.answerHeaders ?? [], 'x-request-id')
        if (requestId !== undefined) sighting.notes = [...sighting.notes, ...unclaimed.claim(requestId)]
      }
      const slot = ring.end(sighting)
      if (slot && !audience.isEmpty()) read([slot]).forEach(audience.tell)
    },
    note(requestId, note) {
      const slot = ring.latest(noteReach).find((one) => requestIdOf(one) === requestId)
      if (slot?.sighting) slot.sighting.notes = [...slot.sighting.notes, note]
      else if (slot?.exchange)
        slot.exchange = { ...slot.exchange, notes: [...slot.exchange.notes, noteAlone(note, parts)] }
      else unclaimed.keep(requestId, note)
    },
  }
}
