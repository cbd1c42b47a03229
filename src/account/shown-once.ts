import type { Clock } from '#domain/clock.ts'
import type { Secrets } from '#secrets/secrets.ts'
import type { Store } from '#store/store.ts'

export interface ShownOnceParts {
  readonly store: Store
  readonly secrets: Pick<Secrets, 'hash' | 'seal' | 'unseal'>
  readonly clock: Clock
}

/** Long enough for the redirect to the page that shows it. */
const keptMs = 60_000

/** A secret on its way to the next page of one browser session. */
export interface ShownOnce {
  keep(sessionUid: string, secret: string): Promise<void>
  /** @returns the secret; undefined when it was shown, or never kept. Of two who ask at once one gets it */
  take(sessionUid: string): Promise<string | undefined>
}

/** Sealed in the store meanwhile, as any process may answer the next request. */
export function shownOnce({ store, secrets, clock }: ShownOnceParts): ShownOnce {
  const keyOf = (sessionUid: string): string => `shown-once:${secrets.hash('shown-once', sessionUid)}`

  return {
    async keep(sessionUid, secret) {
      const key = keyOf(sessionUid)
      const expiresAt = clock.now() + keptMs
      await store.commit([{ kind: 'put', key, value: secrets.seal(key, secret), expiresAt, expected: 'any' }])
    },

    async take(sessionUid) {
      const key = keyOf(sessionUid)
      const [stored] = await store.read([key])
      if (!stored || stored.value === '') return undefined
      // Emptied at its version: a deletion conflicts with nothing, and then two could have read it.
      const { expiresAt, version: expected } = stored
      const outcome = await store.commit([{ kind: 'put', key, value: '', expiresAt, expected }])
      return outcome === 'committed' ? secrets.unseal(key, stored.value) : undefined
    },
  }
}
