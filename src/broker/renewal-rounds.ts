import type { TokenRotation } from './rotation.ts'

export interface RenewalRounds {
  /** From the end of one round to the beginning of the next, in machine time. */
  readonly everySeconds: number
  /** Runs the work once after so many milliseconds. @returns what calls it off */
  readonly after: (milliseconds: number, work: () => void) => () => void
  /** Told of a round that failed; the next one goes on. */
  readonly onFailure: (failure: unknown) => void
}

/** Renews in rounds. @returns what ends it; its promise resolves when nothing is under way any more */
export function startRenewing(
  rotation: TokenRotation,
  { everySeconds, after, onFailure }: RenewalRounds,
): () => Promise<void> {
  let isOver = false
  let underWay: Promise<void> = Promise.resolve()
  let callOff = after(everySeconds * 1000, begin)

  function begin(): void {
    underWay = rotation
      .pass(() => isOver)
      .then(() => undefined, onFailure)
      .finally(() => {
        if (!isOver) callOff = after(everySeconds * 1000, begin)
      })
  }

  return () => {
    isOver = true
    callOff()
    return underWay
  }
}
