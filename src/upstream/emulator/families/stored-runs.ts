/** Runs as they are stored: what goes on has no end there. */
import { type Json, type JsonObject, objectsOf, textOf } from '../json.ts'
import { continued, type Run, type Schedule } from '../measurements/schedule.ts'

export const forEver: number = Number.POSITIVE_INFINITY

const runOf = ({ interval, from, to }: JsonObject): Run => ({
  interval: Number(interval),
  from: Number(from),
  to: Number(to ?? forEver),
})

const storedRun = ({ interval, from, to }: Run): JsonObject => ({
  interval,
  from,
  ...(to !== forEver && { to }),
})

export const runsIn = (value: Json | undefined): Schedule => objectsOf(value).map(runOf)
export const storedRuns = (schedule: Schedule): readonly JsonObject[] => schedule.map(storedRun)

export const epochSeconds = (at: number): number => Math.floor(at / 1000)

/** Epoch seconds of a date as v7 writes it; 0 where there is none. */
export const secondsOf = (value: Json | undefined): number =>
  epochSeconds(Date.parse(textOf(value) ?? '') || 0)

/** What is there at every second. */
export const ever: Schedule = [{ interval: 1, from: 0, to: forEver }]

/** When at least one of these was there. */
export function whenever(schedules: readonly Schedule[]): Schedule {
  const [one = ever, ...others] = schedules
  if (others.length === 0 || schedules.includes(ever)) return others.length === 0 ? one : ever
  const merged: Run[] = []
  for (const run of schedules.flat().sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1)
    if (last && run.from <= last.to + 1)
      merged[merged.length - 1] = { ...last, to: Math.max(last.to, run.to) }
    else merged.push(run)
  }
  return merged
}

const goesOn = (schedule: Schedule): boolean => schedule.at(-1)?.to === forEver

/** Whether it says anything of a time behind an instant, which the clock has been set back to. */
export const isAhead = (schedule: Schedule, at: number): boolean =>
  schedule.some(({ from, to }) => from > at + 1 || (to !== forEver && to > at))

/** The schedule of what is there or not from an instant on. @param at epoch seconds */
export function thereFrom(schedule: Schedule, at: number, isThere: boolean): Schedule {
  if (goesOn(schedule) === isThere && !isAhead(schedule, at)) return schedule
  return continued(schedule, at, isThere ? 1 : undefined)
}

/** The schedule of what is there or not now, as far as it is known when that came about. */
export const knownAs = (schedule: Schedule, changedAt: number, isThere: boolean): Schedule => {
  if (goesOn(schedule) === isThere) return schedule
  const { from = 0, to = 0 } = schedule.at(-1) ?? {}
  return continued(schedule, Math.max(changedAt, to === forEver ? from : to), isThere ? 1 : undefined)
}
