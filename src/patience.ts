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
