import type { Clock } from '#domain/clock.ts'
import type { Draw } from './limits.ts'
import type { OrganizationWindows, ToldWindow } from './upstream-budgets.ts'

interface Window {
  limit: number
  remaining: number
  resetAt: number
  /** Nobody told us yet. */
  isGuess: boolean
  inFlight: number
  used: Map<string, number>
  usedBefore: ReadonlyMap<string, number>
}

const spanMs = 60_000
const longestMs = 3_600_000
const mostOrganizations = 10_000

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

/** What the client may use of the window, among those who used this one or the one before. */
function clientShare({ used, usedBefore, remaining }: Window, client: string): number {
  const others = new Set([...used.keys(), ...usedBefore.keys()])
  others.delete(client)
  const demands = [...others].map((other) => Math.max(used.get(other) ?? 0, usedBefore.get(other) ?? 0))
  const all = [...used.values()].reduce((sum, calls) => sum + calls, remaining)
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
  window.remaining = window.limit - window.inFlight
  window.resetAt = resetAt
}

/** @param limit what is believed until the upstream says something @returns windows in the memory of this process */
export function organizationWindows(clock: Clock, limit: number): OrganizationWindows {
  const windows = new Map<string, Window>()
  const nextMinute = (now: number): number => now - (now % spanMs) + spanMs

  function open(organization: string, now: number): Window {
    const [oldest] = windows.size < mostOrganizations ? [] : windows.keys()
    if (oldest !== undefined) windows.delete(oldest)
    const window: Window = {
      ...{ limit, remaining: limit, resetAt: nextMinute(now), isGuess: true, inFlight: 0 },
      ...{ used: new Map(), usedBefore: new Map() },
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

  function correct(window: Window, told: ToldWindow): void {
    // Of a window that is over, or so far ahead that it is none.
    const now = clock.now()
    if (told.resetAt <= now || told.resetAt - now > longestMs) return
    if (!window.isGuess && told.resetAt < window.resetAt) return
    window.limit = told.limit
    if (!window.isGuess && told.resetAt > window.resetAt) begin(window, told.resetAt)
    window.resetAt = told.resetAt
    window.isGuess = false
    window.remaining = told.remaining - window.inFlight
  }

  return {
    draw(organization, client): Draw {
      const window = current(organization)
      const used = window.used.get(client) ?? 0
      const allowed = window.remaining > 0 && !(isScarce(window) && used >= clientShare(window, client))
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
    ended(organization, told) {
      const window = windows.get(organization)
      if (!window) return
      window.inFlight = Math.max(0, window.inFlight - 1)
      if (told) correct(window, told)
    },
  }
}
