/** What is told in the log of a store that cannot do all it should: it may be away, or unable to write beside its records. */
import type { Patience } from '#store/images.ts'

/** A store that may be away is told of in the log. @param reload done when all records are others than before */
export const patientWith = (
  log: (entry: object) => void,
  reload: () => Promise<void> = () => Promise.resolve(),
): Patience => ({
  told: (reason) =>
    log(
      reason === undefined
        ? { event: 'store-answers' }
        : {
            event: 'store-unavailable',
            reason,
            words: 'waiting for it; until then requests are answered 503',
          },
    ),
  renewed() {
    log({ event: 'store-emptied', words: 'it had lost all records, and holds what it begins with' })
    reload().catch((failure: unknown) => log({ event: 'reload-failed', error: String(failure) }))
  },
})

/** The file of a checkpoint, once it can no longer be written, and once it can be again. @returns what is told why, or nothing */
export const checkpointLog =
  (log: (entry: object) => void): ((failure: unknown) => void) =>
  (failure) =>
    log(
      failure === undefined
        ? { event: 'checkpoint-written' }
        : {
            event: 'checkpoint-unwritten',
            error: String(failure),
            words:
              'tried again each second; until then an older copy of the records may not be told from the newest',
          },
    )
