import { type RegionId, regionsToTry } from '#domain/region.ts'
import { normalizedEmail, type User, type UserId, userIdOf } from '#domain/user.ts'
import type { Secrets } from '#secrets/secrets.ts'
import type { Change, Store, StoredRecord } from '#store/store.ts'
import type { Identity, NewUser } from './identity.ts'
import type { Passwords } from './password.ts'

interface UserRecord {
  readonly user: User
  readonly passwordHash?: string
}

/** Users do not expire: the last instant of the year 9999. */
const never = Date.UTC(9999, 11, 31)

const userKey = (id: UserId): string => `user:${id}`

const put = (key: string, value: string, expected: string): Change => ({
  kind: 'put',
  key,
  value,
  expiresAt: never,
  expected,
  indexes: [],
})

/** The directory of our own: users and password hashes on the store port. */
export function localIdentity({
  store,
  secrets,
  passwords,
}: {
  store: Store
  secrets: Secrets
  passwords: Passwords
}): Identity {
  const parsed = new WeakMap<StoredRecord, UserRecord>()

  function parse(stored: StoredRecord): UserRecord {
    const known = parsed.get(stored) ?? (JSON.parse(stored.value) as UserRecord)
    parsed.set(stored, known)
    return known
  }

  const emailKey = (region: RegionId, email: string): string =>
    `user-email:${region}:${secrets.hash('email', normalizedEmail(email))}`

  async function read(id: UserId): Promise<{ stored: StoredRecord; record: UserRecord } | undefined> {
    const [stored] = await store.read([userKey(id)])
    return stored && { stored, record: parse(stored) }
  }

  async function findByEmail(region: RegionId, email: string): Promise<UserRecord | undefined> {
    const [pointer] = await store.read([emailKey(region, email)])
    return pointer && (await read(pointer.value as UserId))?.record
  }

  async function replace(id: UserId, change: Partial<User>): Promise<User | undefined> {
    for (let attempt = 0; attempt < 10; attempt += 1) {
      const found = await read(id)
      if (!found) return undefined
      const { user } = found.record
      const changed: User = { ...user, ...change }
      const changes: Change[] = [
        put(userKey(id), JSON.stringify({ ...found.record, user: changed }), found.stored.version),
      ]
      if (normalizedEmail(changed.email) !== normalizedEmail(user.email)) {
        changes.push({ kind: 'delete', key: emailKey(user.region, user.email) })
        changes.push(put(emailKey(user.region, changed.email), id, 'any'))
      }
      if ((await store.commit(changes)) === 'committed') return changed
    }
    throw new Error('the user record changed ten times during one update')
  }

  return {
    async find(id) {
      return (await read(id))?.record.user
    },

    async authenticate({ choice, email, password }) {
      for (const region of regionsToTry(choice)) {
        const record = await findByEmail(region, email)
        const isRight = await passwords.verify(password, record?.passwordHash)
        if (record && isRight && !record.user.disabled) return record.user
      }
      return undefined
    },

    async enrol({ password, ...person }: NewUser) {
      const id = userIdOf(person.region, person.uid)
      const user: User = { ...person, id, disabled: false }
      const record: UserRecord = {
        user,
        ...(password === undefined ? {} : { passwordHash: await passwords.hash(password) }),
      }
      await store.commit([
        put(userKey(id), JSON.stringify(record), 'any'),
        put(emailKey(user.region, user.email), id, 'any'),
      ])
      return user
    },

    update: (id, change) => replace(id, change),

    async remove(id) {
      const found = await read(id)
      if (!found) return
      const { user } = found.record
      await store.commit([
        { kind: 'delete', key: userKey(id) },
        { kind: 'delete', key: emailKey(user.region, user.email) },
      ])
    },
  }
}
