import type { AccountGroup } from '#domain/account-group.ts'
import type { Clock } from '#domain/clock.ts'
import type { Secrets } from '#secrets/secrets.ts'
import type { Change, Store } from '#store/store.ts'
import type { LinkAsking } from './account-links.ts'
import type { TokenOwner } from './upstream-questions.ts'

/** A token between its check and the choice of account groups. */
export interface WaitingToken {
  readonly token: string
  readonly fingerprint: string
  readonly owner: TokenOwner
  readonly reach: readonly AccountGroup[]
}

/** Long enough to read a list of account groups. */
const keptMs = 600_000
const used = ''

export interface CheckedTokens {
  keep(asking: LinkAsking, waiting: WaitingToken): Promise<void>
  /** @returns what waits, with the change that takes it, for the commit that uses it: of two one conflicts */
  find(asking: LinkAsking): Promise<{ readonly waiting: WaitingToken; readonly taking: Change } | undefined>
}

/** Sealed by the keys of the installation, as all that lives for minutes is, and bound to user and place. */
export function checkedTokens({
  store,
  secrets,
  clock,
}: {
  readonly store: Store
  readonly secrets: Pick<Secrets, 'hash' | 'seal' | 'unseal'>
  readonly clock: Clock
}): CheckedTokens {
  const keyOf = ({ user, boundTo }: LinkAsking): string =>
    `checked-token:${secrets.hash('checked-token', `${user.id} ${boundTo}`)}`
  return {
    async keep(asking, waiting) {
      const key = keyOf(asking)
      const value = secrets.seal(key, JSON.stringify(waiting))
      await store.commit([{ kind: 'put', key, value, expiresAt: clock.now() + keptMs, expected: 'any' }])
    },
    async find(asking) {
      const key = keyOf(asking)
      const [stored] = await store.read([key])
      const text = stored && stored.value !== used ? secrets.unseal(key, stored.value) : undefined
      if (!stored || text === undefined) return undefined
      const { expiresAt, version: expected } = stored
      return {
        waiting: JSON.parse(text) as WaitingToken,
        taking: { kind: 'put', key, value: used, expiresAt, expected },
      }
    },
  }
}
