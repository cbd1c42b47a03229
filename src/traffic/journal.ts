import { openAudience } from './audience.ts'
import { type ExchangeParts, exchangeOf, noteAlone } from './exchange.ts'
import { clientReader, matches } from './matching.ts'
import { unclaimedNotes } from './notes.ts'
import { type Bounds, openRing, type Slot } from './ring.ts'
import { type Head, headerOf, type Sighting } from './sighting.ts'
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

const requestIdOf = (head: Head): string | undefined => headerOf(head, 'x-request-id')

/** Of what is under way, or was read. What waits to be read is asked when it is. */
const isKnownAs = ({ sighting, exchange, hasEnded }: Slot, requestId: string): boolean =>
  sighting
    ? !hasEnded && requestIdOf(sighting.answerHeaders) === requestId
    : requestIdOf(exchange?.answer?.headers ?? []) === requestId

/** Whether it can be what is looked for, as far as that is known before anything is redacted. */
function mayMatch({ id, hasEnded, sighting }: Slot, { after = 0, method, status }: ExchangeQuery): boolean {
  if (!hasEnded || id <= after) return false
  if (!sighting) return true
  return (
    (method === undefined || method === sighting.method) &&
    (status === undefined || status === sighting.status)
  )
}

/** @param parts with bounds for tests: otherwise 1,000 exchanges and 4 MB */
export function openJournal(parts: JournalParts): WritableJournal {
  const ring = openRing(parts.bounds ?? defaultBounds)
  const unclaimed = unclaimedNotes()
  const audience = openAudience(parts.timers, isFor)

  function claimNotes(sighting: Sighting): void {
    const requestId = unclaimed.any() ? requestIdOf(sighting.answerHeaders) : undefined
    if (requestId !== undefined) sighting.notes = [...sighting.notes, ...unclaimed.claim(requestId)]
  }

  /** Reading makes an exchange of a sighting, which is let go. */
  function read(slot: Slot): Exchange | undefined {
    if (slot.hasEnded && slot.sighting) {
      claimNotes(slot.sighting)
      slot.exchange = exchangeOf(slot.sighting, parts)
      slot.sighting = undefined
    }
    return slot.exchange
  }

  /** From the oldest on, as a token may have been given long before it was used. */
  function ofClient(clientId: string): ReadonlySet<Exchange> {
    const clientOf = clientReader()
    const all = ring.all().map(read)
    return new Set(
      all.filter((exchange) => exchange !== undefined).filter((one) => clientOf(one) === clientId),
    )
  }

  function* newestFirst(query: ExchangeQuery): Generator<Exchange> {
    const clients = query.clientId === undefined ? undefined : ofClient(query.clientId)
    for (const slot of ring.all().toReversed()) {
      const exchange = mayMatch(slot, query) ? read(slot) : undefined
      if (exchange && matches(exchange, query) && clients?.has(exchange) !== false) yield exchange
    }
  }

  /** Looks no further than needed: what nobody looks at is not redacted either. */
  function find(query: ExchangeQuery): readonly Exchange[] {
    const { limit = Number.POSITIVE_INFINITY } = query
    const found: Exchange[] = []
    if (limit < 1) return found
    for (const exchange of newestFirst(query)) if (found.push(exchange) >= limit) break
    return found.reverse()
  }

  function isFor(exchange: Exchange, query: ExchangeQuery): boolean {
    return (
      matches(exchange, query) && (query.clientId === undefined || ofClient(query.clientId).has(exchange))
    )
  }

  return {
    find,
    async next(query, options) {
      const [already] = query.after === undefined ? [] : find({ ...query, limit: Number.POSITIVE_INFINITY })
      return already ?? audience.wait(query, options)
    },
    subscribe: audience.subscribe,
    lastId: ring.lastId,
    // Notes that wait stay: each names a request, and finds no other.
    clear: ring.clear,
    nextId: ring.nextId,
    begin: ring.put,
    end(sighting) {
      claimNotes(sighting)
      const slot = ring.end(sighting)
      if (!slot || audience.isEmpty()) return
      const exchange = read(slot)
      if (exchange) audience.tell(exchange)
    },
    note(requestId, note) {
      const slot = ring.latest(noteReach).find((one) => isKnownAs(one, requestId))
      if (slot?.sighting) slot.sighting.notes = [...slot.sighting.notes, note]
      else if (slot?.exchange)
        slot.exchange = { ...slot.exchange, notes: [...slot.exchange.notes, noteAlone(note, parts)] }
      else unclaimed.keep(requestId, note)
    },
  }
}
