import { type Awaitable, whenKnown } from '#domain/awaitable.ts'
import type { RegionId } from '#domain/region.ts'
import { normalizedEmail, type User, type UserId } from '#domain/user.ts'
import type { Secrets } from '#secrets/secrets.ts'
import type { Change, Freshness, Store, StoredRecord } from '#store/store.ts'

export interface UserRecord {
  readonly user: User
  readonly passwordHash?: string
}

/** Users do not expire: the last instant of the year 9999. */
const never = Date.UTC(9999, 11, 31)

const userKey = (id: UserId): string => `user:${id}`

/** Lists the users of the directory. */
const usersIndex = 'users'

const put = (key: string, value: string, rest: { expected: string; indexes: readonly string[] }): Change => ({
  kind: 'put',
  key,
  value,
  expiresAt: never,
  ...rest,
})

/** Every user of the directory, disabled and locked ones included, by id. @throws when the store cannot answer */
export async function allUsers(store: Store): Promise<readonly User[]> {
  const users: User[] = []
  for (let after = ''; ; ) {
    const page = await store.list(usersIndex, { limit: 500, ...(after === '' ? {} : { after }) })
    users.push(...page.map(({ value }) => (JSON.parse(value) as UserRecord).user))
    if (page.length < 500) return users
    after = page.at(-1)?.key ?? ''
  }
}

interface StoredUser {
  readonly stored: StoredRecord
  readonly record: UserRecord
}

export interface UserRecords {
  read(id: UserId, freshness?: Freshness): Awaitable<UserRecord | undefined>
  readByEmail(region: RegionId, email: string): Promise<UserRecord | undefined>
  /**
   * Writes the user's record with the pointer from the e-mail address, both or none. A change to undefined writes nothing.
   * @param also further changes, in the same commit
   * @throws when the e-mail is another user's of that region
   */
  save(
    id: UserId,
    change: (before: UserRecord | undefined) => UserRecord | undefined,
    also?: readonly Change[],
  ): Promise<User | undefined>
  remove(id: UserId): Promise<void>
}

/** The users' records: found by id or by address, written with the pointer from the address. */
export function userRecords(store: Store, secrets: Secrets): UserRecords {
  const parsed = new WeakMap<StoredRecord, UserRecord>()

  function parse(stored: StoredRecord): UserRecord {
    const known = parsed.get(stored) ?? (JSON.parse(stored.value) as UserRecord)
    parsed.set(stored, known)
    return known
  }

  const emailKey = (region: RegionId, email: string): string =>
    `user-email:${region}:${secrets.hash('email', normalizedEmail(email))}`

  const readStored = (id: UserId): Awaitable<StoredUser | undefined> =>
    whenKnown(store.read([userKey(id)]), ([stored]) => stored && { stored, record: parse(stored) })

  async function readByEmail(region: RegionId, email: string): Promise<UserRecord | undefined> {
    const [pointer] = await store.read([emailKey(region, email)])
    return pointer && (await readStored(pointer.value as UserId))?.record
  }

  /** @throws when the address is another user's: nobody's sign-in is taken over by a change elsewhere */
  async function pointerChanges(user: User, before: User | undefined): Promise<readonly Change[]> {
    const key = emailKey(user.region, user.email)
    const [pointer] = await store.read([key])
    if (pointer && pointer.value !== user.id) throw new Error('the e-mail address is another user’s')
    const old = before && emailKey(before.region, before.email)
    return [
      put(key, user.id, { expected: pointer?.version ?? 'absent', indexes: [] }),
      ...(old === undefined || old === key ? [] : [{ kind: 'delete', key: old } as const]),
    ]
  }

  async function save(
    id: UserId,
    change: (before: UserRecord | undefined) => UserRecord | undefined,
    also: readonly Change[] = [],
  ): Promise<User | undefined> {
    for (let attempt = 0; attempt < 10; attempt += 1) {
      const before = await readStored(id)
      const after = change(before?.record)
      if (!after) return undefined
      const changes = [
        put(userKey(id), JSON.stringify(after), {
          expected: before?.stored.version ?? 'absent',
          indexes: [usersIndex],
        }),
        ...(await pointerChanges(after.user, before?.record.user)),
        ...also,
      ]
      const reach = after.user.disabled ? 'everywhere' : 'here'
      if ((await store.commit(changes, reach)) === 'committed') return after.user
    }
    throw new Error('the user record changed ten times during one update')
  }

  return {
    read: (id, freshness) =>
      whenKnown(store.read([userKey(id)], freshness), ([stored]) => stored && parse(stored)),
    readByEmail,
    save,
    async remove(id) {
      const { user } = (await readStored(id))?.record ?? {}
      if (!user) return
      const changes = [userKey(id), emailKey(user.region, user.email)].map(
        (key): Change => ({ kind: 'delete', key }),
      )
      await store.commit(changes, 'everywhere')
    },
  }
}
