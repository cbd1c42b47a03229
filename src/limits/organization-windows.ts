import type { Clock } from '#domain/clock.ts'
import type { Draw } from './limits.ts'
import type { OrganizationWindows, ToldWindow } from './upstream-budgets.ts'

/** Calls of clients, by their names. */
type Calls = ReadonlyMap<string, number>

interface Window {
  limit: number
  remaining: number
  resetAt: number
  /** Nobody told us yet. */
  isGuess: boolean
  /** Of this window, by the upstream, whichever node it told: it only ever sinks. */
  told: number
  inFlight: number
  used: Map<string, number>
  usedBefore: Calls
  /** At other nodes, as these said last. */
  usedElsewhere: Calls
  usedElsewhereBefore: Calls
}

/** What a node knows of the window of an organization, as it tells the others. */
export interface WindowNews {
  readonly organization: string
  readonly resetAt: number
  /** By the upstream; undefined while it is a guess. */
  readonly told: ToldWindow | undefined
  readonly used: readonly (readonly [client: string, calls: number])[]
  readonly usedBefore: readonly (readonly [client: string, calls: number])[]
}

/** Windows in the memory of one node, and what nodes tell each other of them (shared-windows.ts). */
export interface NodeWindows extends OrganizationWindows {
  /** The windows in use, those with the least left first. */
  news(): readonly WindowNews[]
  /** All that other nodes said, in the place of what they said before. */
  hear(news: readonly WindowNews[]): void
}

const spanMs = 60_000
const longestMs = 3_600_000
const mostOrganizations = 10_000
/** More than those that are scarce at a time. */
const mostNews = 500

/** From then on, as a part of the limit, clients get no more than their share. Ours. */
const scarcePart = 0.25

/** Max-min fairness: who needs less than an equal part gets it, and the others share the rest. @returns the most that one may have */
function shareOf(demands: readonly number[], all: number): number {
  let left = all
  const sorted = demands.toSorted((one, other) => one - other)
  for (const [index, demand] of sorted.entries()) {
    const part = left / (sorted.length - index)
    if (demand > part) return part
    left -= demand
  }
  return Number.POSITIVE_INFINITY
}

const callsOf = (client: string, ...all: readonly Calls[]): number =>
  all.reduce((sum, calls) => sum + (calls.get(client) ?? 0), 0)

const totalOf = (...all: readonly Calls[]): number =>
  all.flatMap((calls) => [...calls.values()]).reduce((sum, calls) => sum + calls, 0)

/** What the client may use of the window, among those who used this one or the one before, at whichever node. */
function clientShare(window: Window, client: string): number {
  const { used, usedBefore, usedElsewhere, usedElsewhereBefore, remaining } = window
  const others = new Set(
    [used, usedBefore, usedElsewhere, usedElsewhereBefore].flatMap((one) => [...one.keys()]),
  )
  others.delete(client)
  const demands = [...others].map((other) =>
    Math.max(callsOf(other, used, usedElsewhere), callsOf(other, usedBefore, usedElsewhereBefore)),
  )
  const all = totalOf(used, usedElsewhere) + remaining
  return shareOf([...demands, Number.POSITIVE_INFINITY], all)
}

const isScarce = ({ remaining, limit }: Window): boolean => remaining <= limit * scarcePart

function stateOf(window: Window): 'open' | 'scarce' | 'exhausted' {
  if (window.remaining <= 0) return 'exhausted'
  return isScarce(window) ? 'scarce' : 'open'
}

function begin(window: Window, resetAt: number): void {
  window.usedBefore = window.used
  window.used = new Map()
  window.usedElsewhereBefore = window.usedElsewhere
  window.usedElsewhere = new Map()
  window.remaining = window.limit - window.inFlight
  window.told = Number.POSITIVE_INFINITY
  window.resetAt = resetAt
}

function newsOf(organization: string, window: Window): WindowNews {
  const { limit, told: remaining, resetAt, isGuess, used, usedBefore } = window
  const told = isGuess ? undefined : { limit, remaining, resetAt }
  return { organization, resetAt, told, used: [...used], usedBefore: [...usedBefore] }
}

function added(calls: Calls, more: WindowNews['used']): Calls {
  const sums = new Map(calls)
  for (const [client, count] of more) sums.set(client, (sums.get(client) ?? 0) + count)
  return sums
}

/** Counts what was used at another node, in this window or in the one before. */
function count(window: Window, { resetAt, used, usedBefore }: WindowNews, now: number): void {
  const isOver = resetAt <= now
  if (isOver && now - resetAt >= spanMs) return
  if (!isOver) window.usedElsewhere = added(window.usedElsewhere, used)
  window.usedElsewhereBefore = added(window.usedElsewhereBefore, isOver ? used : usedBefore)
}

function correct(window: Window, told: ToldWindow, now: number): void {
  // Of a window that is over, or so far ahead that it is none.
  if (told.resetAt <= now || told.resetAt - now > longestMs) return
  if (!window.isGuess && told.resetAt < window.resetAt) return
  window.limit = told.limit
  if (!window.isGuess && told.resetAt > window.resetAt) begin(window, told.resetAt)
  window.resetAt = told.resetAt
  window.isGuess = false
  window.told = Math.min(window.told, told.remaining)
  window.remaining = told.remaining - window.inFlight
}

/** Another node may have been told later than this one. */
function correctBy(window: Window, told: ToldWindow, now: number): void {
  const isLater = window.isGuess || told.resetAt > window.resetAt
  if (isLater || (told.resetAt === window.resetAt && told.remaining < window.told)) correct(window, told, now)
}

/** @param limit what is believed until the upstream says something @returns windows in the memory of this process */
export function organizationWindows(clock: Clock, limit: number): NodeWindows {
  const windows = new Map<string, Window>()
  const nextMinute = (now: number): number => now - (now % spanMs) + spanMs

  function open(organization: string, now: number): Window {
    const [oldest] = windows.size < mostOrganizations ? [] : windows.keys()
    if (oldest !== undefined) windows.delete(oldest)
    const window: Window = {
      ...{ limit, remaining: limit, resetAt: nextMinute(now), isGuess: true, inFlight: 0 },
      told: Number.POSITIVE_INFINITY,
      ...{ used: new Map(), usedBefore: new Map(), usedElsewhere: new Map(), usedElsewhereBefore: new Map() },
    }
    windows.set(organization, window)
    return window
  }

  function current(organization: string): Window {
    const now = clock.now()
    const window = windows.get(organization) ?? open(organization, now)
    if (now >= window.resetAt || window.resetAt - now > longestMs) {
      begin(window, nextMinute(now))
      window.isGuess = true
    }
    return window
  }

  return {
    draw(organization, client): Draw {
      const window = current(organization)
      const used = window.used.get(client) ?? 0
      const usedByAll = used + callsOf(client, window.usedElsewhere)
      const allowed = window.remaining > 0 && !(isScarce(window) && usedByAll >= clientShare(window, client))
      if (allowed) {
        window.remaining -= 1
        window.inFlight += 1
        window.used.set(client, used + 1)
      }
      return {
        allowed,
        limit: window.limit,
        remaining: Math.max(0, window.remaining),
        resetAt: window.resetAt,
      }
    },
    standing() {
      const now = clock.now()
      const counts = { open: 0, scarce: 0, exhausted: 0 }
      for (const window of windows.values()) if (now < window.resetAt) counts[stateOf(window)] += 1
      return counts
    },
    news() {
      const now = clock.now()
      const inUse = [...windows].filter(([, { resetAt, used, usedBefore }]) => {
        const isOver = now - resetAt >= spanMs
        return !isOver && used.size + usedBefore.size > 0
      })
      const scarcest = inUse.toSorted(([, one], [, other]) => one.remaining - other.remaining)
      return scarcest.slice(0, mostNews).map(([organization, window]) => newsOf(organization, window))
    },
    hear(news) {
      const now = clock.now()
      for (const window of windows.values()) {
        window.usedElsewhere = new Map()
        window.usedElsewhereBefore = new Map()
      }
      for (const one of news) {
        const window = current(one.organization)
        if (one.told) correctBy(window, one.told, now)
        count(window, one, now)
      }
    },
    ended(organization, told) {
      const window = windows.get(organization)
      if (!window) return
      window.inFlight = Math.max(0, window.inFlight - 1)
      if (told) correct(window, told, clock.now())
    },
  }
}
