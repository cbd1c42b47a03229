import type { UpstreamAnswer } from '#upstream/upstream.ts'

/** An answer whose body is all there, so that it can be given to several callers. */
export interface WholeAnswer extends UpstreamAnswer {
  readonly body: string | Buffer | undefined
}

/** Answers that are given again for a short while. */
export interface HeldAnswers {
  /** @param now epoch ms */
  find(key: string, now: number): WholeAnswer | undefined
  /** @param holder whose answer it is @param until epoch ms */
  keep(key: string, answer: WholeAnswer, about: { readonly holder: string; readonly until: number }): void
  /** Forgets what the holder was answered: it has just changed something. */
  forget(holder: string): void
}

interface Held {
  readonly answer: WholeAnswer
  readonly holder: string
  readonly until: number
}

/** Of what is kept beside key and body, about. */
const overheadBytes = 500

/** Keys are as long as callers like. */
const bytesOf = (key: string, { body }: WholeAnswer): number =>
  2 * key.length + (body?.length ?? 0) + overheadBytes

/** @param mostBytes of all bodies and keys; the one that was kept first goes first */
export function heldAnswers(mostBytes: number): HeldAnswers {
  const held = new Map<string, Held>()
  let bytes = 0

  function drop(key: string): void {
    const one = held.get(key)
    if (!one) return
    held.delete(key)
    bytes -= bytesOf(key, one.answer)
  }

  return {
    find(key, now) {
      const one = held.get(key)
      if (one && one.until > now) return one.answer
      drop(key)
      return undefined
    },
    keep(key, answer, about) {
      drop(key)
      held.set(key, { answer, ...about })
      bytes += bytesOf(key, answer)
      for (const oldest of held.keys()) {
        if (bytes <= mostBytes) break
        drop(oldest)
      }
    },
    forget(holder) {
      for (const [key, one] of held) if (one.holder === holder) drop(key)
    },
  }
}
