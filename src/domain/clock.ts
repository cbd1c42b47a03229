/**
 * Domain: the words of Panoptes, without input or output. Imports nothing of ours.
 */

/** Where the time comes from. Instants are epoch milliseconds and end in `At`; spans end in `Seconds` (DECISIONS 12). */
export interface Clock {
  /** @returns now, in epoch milliseconds */
  now(): number
}

/** The machine's own clock. */
export const systemClock: Clock = { now: () => Date.now() }
