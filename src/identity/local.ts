import type { Audit } from '#audit/audit.ts'
import { whenKnown } from '#domain/awaitable.ts'
import { regionsToTry } from '#domain/region.ts'
import { isActive, type User, userIdOf } from '#domain/user.ts'
import type { Directory, NewUser } from './directory.ts'
import type { Identity } from './identity.ts'
import type { Passwords } from './password.ts'
import type { UserRecord, UserRecords } from './user-records.ts'

const withoutSessions = (user: User): User => ({
  ...user,
  sessionGeneration: (user.sessionGeneration ?? 0) + 1,
})

export interface LocalIdentityParts {
  readonly records: UserRecords
  readonly passwords: Passwords
  /** Keeps locks and new passwords, in the commit that makes them. */
  readonly audit: Audit
}

/** Who is in the directory of our own. */
export function localIdentity({ records, passwords, audit }: LocalIdentityParts): Identity {
  /** Hashes the password again, at the cost of today, unless it was changed meanwhile. */
  async function renewHash({ user, passwordHash }: UserRecord, password: string): Promise<void> {
    if (passwordHash === undefined || !passwords.isOutdated(passwordHash)) return
    const renewed = await passwords.hash(password)
    await records.save(user.id, (now) =>
      now?.passwordHash === passwordHash ? { ...now, passwordHash: renewed } : undefined,
    )
  }

  return {
    find: (id, freshness) => whenKnown(records.read(id, freshness), (record) => record?.user),

    findByEmail: async (region, email) => (await records.readByEmail(region, email))?.user,

    async authenticate({ choice, email, password }) {
      for (const region of regionsToTry(choice)) {
        const record = await records.readByEmail(region, email)
        const isRight = await passwords.verify(password, record?.passwordHash)
        if (!record || !isRight || record.user.disabled) continue
        await renewHash(record, password)
        return record.user
      }
      return undefined
    },

    async lock(id) {
      const entry = audit.entry({ event: 'user-locked', actor: id, userId: id, detail: 'failed sign-ins' })
      await records.save(
        id,
        (before) =>
          before?.passwordHash !== undefined && isActive(before.user)
            ? { ...before, user: { ...before.user, locked: true } }
            : undefined,
        [entry],
      )
    },
  }
}

/** The directory of our own: users and password hashes on the store port. */
export function localDirectory({ records, passwords, audit }: LocalIdentityParts): Directory {
  return {
    async enrol({ password, ...person }: NewUser) {
      const id = userIdOf(person.region, person.uid)
      const passwordHash = password === undefined ? undefined : await passwords.hash(password)
      let user: User = { ...person, id, disabled: false }
      await records.save(id, (before) => {
        // Whoever stood there before had sessions of their own.
        if (before) user = { ...user, sessionGeneration: withoutSessions(before.user).sessionGeneration }
        return { user, ...(passwordHash === undefined ? {} : { passwordHash }) }
      })
      return user
    },

    update: (id, change) =>
      records.save(id, (before) => {
        if (!before) return undefined
        const user = change.disabled === true ? withoutSessions(before.user) : before.user
        return { ...before, user: { ...user, ...change } }
      }),

    async setPassword(id, password, standing) {
      const passwordHash = await passwords.hash(password)
      const given =
        standing === 'expired'
          ? ({ event: 'password-reset', actor: 'operator' } as const)
          : ({ event: 'password-changed', actor: id } as const)
      const withPassword = (before: UserRecord): UserRecord => ({
        ...before,
        passwordHash,
        user: { ...withoutSessions(before.user), locked: false, passwordExpired: standing === 'expired' },
      })
      // Hashing takes its time, and an operator's reset or a disablement may have come first.
      const isAsExpected = ({ user }: UserRecord): boolean =>
        typeof standing === 'string' || standing.keptAt === (user.sessionGeneration ?? 0)
      return records.save(
        id,
        (before) => (before && isAsExpected(before) ? withPassword(before) : undefined),
        [audit.entry({ ...given, userId: id })],
      )
    },

    endSessions: (id) =>
      records.save(id, (before) => before && { ...before, user: withoutSessions(before.user) }),

    remove: records.remove,
  }
}
