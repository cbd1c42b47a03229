import type { Check, Neighbour } from './examination.ts'
import { type Finding, findingsOn } from './finding.ts'

/** This check was written on that day: a machine that believes in an earlier one is wrong. */
const writtenAt = Date.UTC(2026, 10, 22)

/** A header `Date` has whole seconds, and the answer was on its way for some time. */
const toleranceSeconds = 5

const on = findingsOn('clock')

const distance = (seconds: number): string =>
  `${Math.abs(seconds)} s ${seconds < 0 ? 'behind' : 'ahead of'} this machine's`

/** By the clocks of the two machines. */
function agreement(at: number, now: number): Finding {
  const ahead = Math.round((at - now) / 1_000)
  return Math.abs(ahead) > toleranceSeconds
    ? on.warn(
        `the machine of the Panoptes that runs has a clock ${distance(ahead)}; set both by one source of time`,
      )
    : on.ok("the machine of the Panoptes that runs has this machine's time")
}

/** What a test did to the clock on purpose is worth knowing for whoever wonders about expired tokens. */
const virtual = ({ aheadSeconds, frozen }: NonNullable<Neighbour['moved']>): Finding =>
  on.warn(
    `the Panoptes that runs has a clock of its own, ${distance(Math.round(aheadSeconds))}${frozen ? ' and frozen' : ''}; POST /emulator/clock/reset puts it back`,
  )

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
  const { at, moved } = neighbour ?? { at: undefined, moved: undefined }
  return [
    own,
    ...(at === undefined ? [] : [agreement(at, now)]),
    ...(moved && (moved.frozen || moved.aheadSeconds !== 0) ? [virtual(moved)] : []),
  ]
}
