import type { Clock } from '#domain/clock.ts'

export interface FakeClock extends Clock {
  advance(seconds: number): void
}

/**
 * A clock that stands still until it is moved.
 * @param startAt epoch ms; 1 January 2030 when nothing is said, so that a mix-up with the machine's clock shows
 */
export function fakeClock(startAt: number = Date.UTC(2030, 0, 1)): FakeClock {
  let now = startAt
  return {
    now: () => now,
    advance(seconds) {
      now += seconds * 1000
    },
  }
}
