import type { Check } from './examination.ts'
import { findingsOn } from './finding.ts'

/** This check was written on that day: a machine that believes in an earlier one is wrong. */
const writtenAt = Date.UTC(2026, 10, 22)

/** A header `Date` has whole seconds, and the answer was on its way for some time. */
const toleranceSeconds = 5

const on = findingsOn('clock')

/** The machine's clock can be right, and agrees with that of a Panoptes that runs already. */
export const checkClock: Check = async ({ machine, neighbour }) => {
  const now = machine.now()
  const day = new Date(now).toISOString()
  const own =
    now < writtenAt
      ? on.fail(
          `it is ${day} here, before this program was written; set the clock, or tokens end at wrong times`,
        )
      : on.ok(`it is ${day} here`)
  if (neighbour?.at === undefined) return [own]
  const ahead = Math.round((neighbour.at - now) / 1000)
  const distance = `${Math.abs(ahead)} s ${ahead < 0 ? 'behind' : 'ahead of'} this machine's`
  return [
    own,
    Math.abs(ahead) > toleranceSeconds
      ? on.warn(`the clock of the Panoptes that runs is ${distance}; set both by one source of time`)
      : on.ok('the Panoptes that runs has the same time'),
  ]
}
