import type { Clock } from '#domain/clock.ts'
import { refuse } from '#domain/refusal.ts'
import type { UserId } from '#domain/user.ts'
import type { Secrets } from '#secrets/secrets.ts'
import type { Change, Store, StoredRecord } from '#store/store.ts'
import type { UserApiTokens } from './user-api-tokens.ts'

const dayMs = 86_400_000
/** thousandeyes-facts 5.3: a new token is valid for two years, the old one for 14 days or until its own end. */
const lifetimeMs = 730 * dayMs
const overlapMs = 14 * dayMs

export interface StoredUserApiTokensParts {
  readonly store: Store
  readonly secrets: Secrets
  readonly clock: Clock
  /** A fresh random UUID, the form of a User API Token. */
  readonly newToken: () => string
}

/** User API Tokens as keyed hashes on the store port. */
export function storedUserApiTokens({
  store,
  secrets,
  clock,
  newToken,
}: StoredUserApiTokensParts): UserApiTokens {
  const hashes = new Map<string, string>()

  /** The gateway asks with the same few tokens over and over; the bound keeps strangers from filling the memory. */
  function keyOf(token: string): string {
    const known = hashes.get(token)
    if (known !== undefined) return known
    const key = `user-api-token:${secrets.hash('user-api-token', token.toLowerCase())}`
    if (hashes.size >= 1_000) hashes.clear()
    hashes.set(token, key)
    return key
  }

  const put = (token: string, userId: UserId, rest: { expiresAt: number; expected: string }): Change => ({
    kind: 'put',
    key: keyOf(token),
    value: userId,
    ...rest,
    indexes: [`user-api-tokens:${userId}`],
  })

  async function live(token: string): Promise<StoredRecord | undefined> {
    const [stored] = await store.read([keyOf(token)])
    return stored
  }

  return {
    async ownerOf(token) {
      return (await live(token))?.value as UserId | undefined
    },

    async install(userId, token, expiresAt) {
      await store.commit([put(token, userId, { expiresAt, expected: 'any' })])
    },

    async rotate(userId, presented) {
      const active = await store.list(`user-api-tokens:${userId}`)
      const current = await live(presented)
      if (active.length > 1 || !current)
        return refuse('conflict', 'Two User API Tokens are active already; the older one has to end first.')
      const token = newToken()
      const expiresAt = clock.now() + lifetimeMs
      const oldEnd = Math.min(current.expiresAt, clock.now() + overlapMs)
      // The old record is replaced at its own version, so that of two parallel rotations one is refused.
      const outcome = await store.commit([
        put(token, userId, { expiresAt, expected: 'absent' }),
        { kind: 'put', key: current.key, value: userId, expiresAt: oldEnd, expected: current.version },
      ])
      return outcome === 'committed'
        ? { token, expiresAt }
        : refuse('conflict', 'The User API Token is being renewed by another request.')
    },

    async revoke(token) {
      await store.commit([{ kind: 'delete', key: keyOf(token) }])
    },
  }
}
