/**
 * Gathered reads: what several requests ask for in one turn of the event loop goes to the server as one question, which costs it and us
 * little more than a single one. Questions wait for no answer to those before them (DECISIONS 166).
 */

/** Answers one value for each key, in their order. */
type Read<Value> = (keys: readonly string[]) => Promise<readonly Value[]>

interface Waiting<Value> {
  readonly keys: readonly string[]
  readonly answered: PromiseWithResolvers<readonly Value[]>
}

/**
 * @param most how many keys a question may have, unless a single read has more
 * @param ask puts one question; where it fails, so does each read that is in it
 * @returns what reads by such questions, each of which goes out once the requests that have just arrived have been looked at
 */
export function gatheredReads<Value>(most: number, ask: Read<Value>): Read<Value> {
  let waiting: Waiting<Value>[] = []
  let keysWaiting = 0

  function send(): void {
    const together = waiting
    waiting = []
    keysWaiting = 0
    if (together.length > 0) void answer(together)
  }

  async function answer(together: readonly Waiting<Value>[]): Promise<void> {
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
    const answered = Promise.withResolvers<readonly Value[]>()
    waiting.push({ keys, answered })
    keysWaiting += keys.length
    return answered.promise
  }
}
