import { type Awaitable, whenKnown } from '#domain/awaitable.ts'
import type { Clock } from '#domain/clock.ts'
import { remembering } from '#domain/remembering.ts'
import type { UserId } from '#domain/user.ts'
import type { Secrets } from '#secrets/secrets.ts'
import type { Change, Freshness, Store, StoredRecord } from '#store/store.ts'

const dayMs = 86_400_000
/** thousandeyes-facts 5.3: a new token is valid for two years. */
export const tokenLifetimeMs: number = 730 * dayMs
/** Longer than any two requests that race. */
const turnMs = 3_600_000
const mostTries = 10

const indexOf = (userId: UserId): string => `user-api-tokens:${userId}`

/** The value of a record says whose the token is, and when it was made; from before that was kept it says the first alone. */
const tokenValue = (userId: UserId, generatedAt: number): string => `${userId} ${generatedAt}`

export const ownerIn = ({ value }: StoredRecord): UserId => value.split(' ', 1)[0] as UserId

export function generatedAtIn({ value }: StoredRecord): number | undefined {
  const [, generatedAt] = value.split(' ')
  return generatedAt === undefined ? undefined : Number(generatedAt)
}

/** The tokens of users, each a record under its keyed hash, and the turns in which a user's are made and ended. */
export interface UserApiTokenRecords {
  read(token: string, freshness?: Freshness): Awaitable<StoredRecord | undefined>
  /** Those of the user that are live. */
  of(userId: UserId): Promise<readonly StoredRecord[]>
  /** A token made at the instant. */
  put(
    token: string,
    userId: UserId,
    made: { at: number; expiresAt: number; expected: 'absent' | 'any' },
  ): Change
  deletion(token: string): Change
  /**
   * What changes how many tokens a user has takes turns: each such commit holds this change, asked for before the user's tokens
   * were listed, and conflicts when another was faster.
   */
  turnOf(userId: UserId): Promise<Change>
}

export function userApiTokenRecords(
  store: Store,
  secrets: Pick<Secrets, 'hash'>,
  clock: Clock,
): UserApiTokenRecords {
  const keyOf = remembering(
    1_000,
    (token) => `user-api-token:${secrets.hash('user-api-token', token.toLowerCase())}`,
  )

  return {
    read: (token, freshness) => whenKnown(store.read([keyOf(token)], freshness), ([stored]) => stored),
    of: (userId) => store.list(indexOf(userId)),
    put: (token, userId, { at, ...rest }) => ({
      kind: 'put',
      key: keyOf(token),
      value: tokenValue(userId, at),
      ...rest,
      indexes: [indexOf(userId)],
    }),
    deletion: (token) => ({ kind: 'delete', key: keyOf(token) }),
    async turnOf(userId) {
      const key = `user-api-token-turn:${userId}`
      const [stored] = await store.read([key])
      const expiresAt = clock.now() + turnMs
      return { kind: 'put', key, value: '', expiresAt, expected: stored?.version ?? 'absent' }
    },
  }
}

/**
 * Changes the tokens of a user in turn.
 * @param change gives what to commit, or the result when nothing is to be committed @returns undefined once it is committed
 */
export async function inTurn<Result>(
  { store, records }: { readonly store: Store; readonly records: UserApiTokenRecords },
  userId: UserId,
  change: (held: readonly StoredRecord[]) => readonly Change[] | { readonly result: Result },
): Promise<Result | undefined> {
  for (let tries = 0; tries < mostTries; tries += 1) {
    const turn = await records.turnOf(userId)
    const changes = change(await records.of(userId))
    if ('result' in changes) return changes.result
    if ((await store.commit([...changes, turn])) === 'committed') return undefined
  }
  throw new Error('the User API Tokens of a user changed ten times during one change')
}
