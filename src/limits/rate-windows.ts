import { hash } from 'node:crypto'
import type { Clock } from '#domain/clock.ts'
import type { Draw, LimitRule, RateWindows } from './limits.ts'
import type { NodeNewsParts } from './node-news.ts'

interface Window {
  /** The same on every node. */
  readonly name: string
  readonly endsAt: number
  readonly limit: number
  used: number
  /** At other nodes, as these said last. */
  usedElsewhere: number
}

/** What a node counted, as it tells the others. */
export interface RateNews {
  /** How often all windows were made full again, at whichever node: counts of before are no more. */
  readonly refills: number
  readonly windows: readonly { readonly name: string; readonly used: number }[]
}

/** More buckets than organizations and clients of one process; beyond it the oldest window is forgotten, never a call refused. */
const maxBuckets = 10_000
/** More than those that are nearly used up at a time. */
const mostTold = 500
const longestMs = 3_600_000

/** Windows with what whoever tests them does to them. */
export interface AdjustableWindows extends RateWindows {
  /** Uses up what is left of the window that is open now. @returns its end, epoch ms; undefined when windows are always full */
  exhaust(bucket: string, rule: LimitRule): number | undefined
  /** All windows are full again. */
  forget(): void
}

/** Windows in the memory of one node, and what nodes tell each other of them (shared-rate-windows.ts). */
export interface NodeRateWindows extends AdjustableWindows {
  readonly news: Pick<NodeNewsParts<RateNews>, 'tell' | 'hear'>
}

/** Windows are aligned to the clock, so bucket and end say which it is; of addresses among them others read only a digest. */
const nameOf = (bucket: string, endsAt: number): string =>
  hash('sha256', `${bucket} ${endsAt}`, 'base64url').slice(0, 22)

const endOf = (windowSeconds: number, now: number): number => {
  const span = windowSeconds * 1000
  return now - (now % span) + span
}

const leftOf = (limit: number, { used, usedElsewhere }: Pick<Window, 'used' | 'usedElsewhere'>): number =>
  Math.max(0, limit - used - usedElsewhere)

const partLeft = (window: Window): number => leftOf(window.limit, window) / window.limit

/** Those with the least left first, as a part of their limit. */
function scarcestOf(windows: Iterable<Window>, now: number): readonly Window[] {
  return [...windows]
    .filter(({ used, endsAt }) => used > 0 && endsAt > now)
    .toSorted((one, other) => partLeft(one) - partLeft(other))
    .slice(0, mostTold)
}

/**
 * Fixed windows on the wall clock: every published example of a reset is a whole minute (thousandeyes-facts 6.3, inferred).
 * The published text says "rolling from the first request", which no published figure bears out.
 */
export function fixedWindows(clock: Clock): NodeRateWindows {
  const windows = new Map<string, Window>()
  /** Used at other nodes, by the names of windows. */
  let heard: ReadonlyMap<string, number> = new Map()
  let refills = 0

  function open(bucket: string, limit: number, endsAt: number): Window {
    // Deleting first moves the bucket to the end, so that the first key is always the one opened longest ago.
    windows.delete(bucket)
    const [oldest] = windows.size < maxBuckets ? [] : windows.keys()
    if (oldest !== undefined) windows.delete(oldest)
    const name = nameOf(bucket, endsAt)
    const window = { name, endsAt, limit, used: 0, usedElsewhere: heard.get(name) ?? 0 }
    windows.set(bucket, window)
    return window
  }

  function current(bucket: string, { limit, windowSeconds }: LimitRule): Window {
    const endsAt = endOf(windowSeconds, clock.now())
    const standing = windows.get(bucket)
    // Another end, earlier or later, is another window: the clock of tests may also go back.
    return standing?.endsAt === endsAt ? standing : open(bucket, limit, endsAt)
  }

  return {
    exhaust(bucket, rule) {
      const window = current(bucket, rule)
      window.used = rule.limit
      return window.endsAt
    },
    forget() {
      windows.clear()
      heard = new Map()
      refills += 1
    },
    draw(bucket, rule) {
      const window = current(bucket, rule)
      const allowed = leftOf(rule.limit, window) > 0
      if (allowed) window.used += 1
      return { allowed, limit: rule.limit, remaining: leftOf(rule.limit, window), resetAt: window.endsAt }
    },
    peek(bucket, rule) {
      const resetAt = endOf(rule.windowSeconds, clock.now())
      const standing = windows.get(bucket)
      const remaining = leftOf(
        rule.limit,
        standing?.endsAt === resetAt
          ? standing
          : { used: 0, usedElsewhere: heard.get(nameOf(bucket, resetAt)) ?? 0 },
      )
      return { allowed: remaining > 0, limit: rule.limit, remaining, resetAt }
    },
    news: {
      tell() {
        const now = clock.now()
        const told = scarcestOf(windows.values(), now)
        const ends = told.map(({ endsAt }) => endsAt)
        return {
          news: { refills, windows: told.map(({ name, used }) => ({ name, used })) },
          // Whoever was not asked for anything meanwhile has to hear of the refill while any of its windows is open.
          endsAt: Math.max(0, ...ends, ...(refills > 0 ? [now + longestMs] : [])),
        }
      },
      hear(others) {
        const latest = Math.max(refills, ...others.map((news) => news.refills))
        if (latest > refills) windows.clear()
        refills = latest
        const counts = new Map<string, number>()
        for (const { windows: told } of others.filter((news) => news.refills === latest))
          for (const { name, used } of told) counts.set(name, (counts.get(name) ?? 0) + used)
        heard = counts
        for (const window of windows.values()) window.usedElsewhere = counts.get(window.name) ?? 0
      },
    },
  }
}

/** Windows that are always full: the headers stay, nothing is refused (`--limits off`). */
export function fullWindows(clock: Clock): AdjustableWindows {
  const full = (_bucket: string, { limit, windowSeconds }: LimitRule): Draw => {
    return { allowed: true, limit, remaining: limit, resetAt: endOf(windowSeconds, clock.now()) }
  }
  return { exhaust: () => undefined, forget: () => undefined, draw: full, peek: full }
}
