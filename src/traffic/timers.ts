/** Machine time: a connection that waits does not wait on a virtual clock. */
export interface Timers {
  /** A stopwatch, in ms; it never goes back. */
  now(): number
  /** Runs the work once after so many milliseconds. @returns what calls it off */
  after(milliseconds: number, work: () => void): () => void
}
