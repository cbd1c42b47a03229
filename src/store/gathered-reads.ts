/**
 * Gathered reads: what several requests ask for in one turn of the event loop goes to the server as one question, which costs it and us
 * little more than a single one. No question waits for the answer to the one before (DECISIONS 166). Whatever asking does is done in the name
 * of the first of the requests.
 */
import type { StoredRecord } from './store.ts'

type Records = readonly (StoredRecord | undefined)[]
/** Answers one record, or none, for each key, in their order. */
type Read = (keys: readonly string[]) => Promise<Records>

interface Waiting {
  readonly keys: readonly string[]
  readonly answered: PromiseWithResolvers<Records>
}

/**
 * @param most how many keys a question may have, unless a single read has more
 * @param ask puts one question; where it fails, so does each read that is in it
 * @returns what reads by such questions, each of which goes out once the requests that have just arrived have been looked at
 */
export function gatheredReads(most: number, ask: Read): Read {
  let waiting: Waiting[] = []
  let keysWaiting = 0

  function send(): void {
    const together = waiting
    waiting = []
    keysWaiting = 0
    if (together.length > 0) void answer(together)
  }

  async function answer(together: readonly Waiting[]): Promise<void> {
    try {
      const values = await ask(together.flatMap(({ keys }) => keys))
      let at = 0
      for (const { keys, answered } of together) {
        answered.resolve(values.slice(at, at + keys.length))
        at += keys.length
      }
    } catch (failure) {
      for (const { answered } of together) answered.reject(failure)
    }
  }

  return async (keys) => {
    if (keys.length === 0) return []
    if (keysWaiting + keys.length > most) send()
    if (waiting.length === 0) setImmediate(send)
    const answered = Promise.withResolvers<Records>()
    // A copy: whoever changed theirs would change what others are answered.
    waiting.push({ keys: [...keys], answered })
    keysWaiting += keys.length
    return answered.promise
  }
}
