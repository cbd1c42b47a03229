import type { Clock } from '#domain/clock.ts'
import type { FaultOccasion, FaultRule, Faults, StandingFault, Target } from './traffic.ts'

/** The faults with what only the wrapper of a listener asks of them. */
export interface StrikingFaults extends Faults {
  /** Whether any stands: without one, nobody needs to know a request's name. */
  any(): boolean
  /**
   * Asks the faults in the order in which they were added; those after the one that strikes are not asked.
   * @returns the one that strikes
   */
  strike(target: Target): StandingFault | undefined
}

interface Standing {
  readonly id: string
  readonly rule: FaultRule
  readonly draw: () => number
  seen: number
  hits: number
}

/** Where a generator begins when nobody says so. */
const defaultSeed = 1

/**
 * Numbers from 0 to below 1 that look like chance and are the same for the same seed: steps of an odd constant, stirred by
 * multiplication and shifts (mulberry32). For faults; never for secrets.
 */
export function seededDraws(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const isAbout = ({ on }: FaultRule, { surface, name }: Target): boolean =>
  on === '*' || on === surface || on === name

function isTime({ from, until, everySeconds, forSeconds }: FaultOccasion, now: number): boolean {
  if (from !== undefined && now < from) return false
  if (until !== undefined && now >= until) return false
  if (everySeconds === undefined || forSeconds === undefined) return true
  return now % (everySeconds * 1000) < forSeconds * 1000
}

/** Draws last, and only when all else holds: so what a seed gives does not depend on what else happens. */
function strikes(fault: Standing, now: number): boolean {
  const { skip = 0, times = Number.POSITIVE_INFINITY, probability = 1 } = fault.rule.when
  return (
    fault.seen > skip &&
    fault.hits < times &&
    isTime(fault.rule.when, now) &&
    (probability >= 1 || fault.draw() < probability)
  )
}

const shown = ({ id, rule, seen, hits }: Standing): StandingFault => ({ ...rule, id, seen, hits })

/** @param clock the workspace's, for schedules */
export function openFaults(clock: Clock): StrikingFaults {
  let standing: readonly Standing[] = []
  let lastNumber = 0
  return {
    add(rule) {
      lastNumber += 1
      const fault: Standing = {
        id: `fault-${lastNumber}`,
        rule,
        draw: seededDraws(rule.when.seed ?? defaultSeed),
        seen: 0,
        hits: 0,
      }
      standing = [...standing, fault]
      return shown(fault)
    },
    list: () => standing.map(shown),
    remove(id) {
      const rest = standing.filter((fault) => fault.id !== id)
      const wasThere = rest.length < standing.length
      standing = rest
      return wasThere
    },
    clear() {
      standing = []
    },
    any: () => standing.length > 0,
    strike(target) {
      for (const fault of standing) {
        if (!isAbout(fault.rule, target)) continue
        fault.seen += 1
        if (!strikes(fault, clock.now())) continue
        fault.hits += 1
        return shown(fault)
      }
      return undefined
    },
  }
}
