import type { AdapterPayload } from 'oidc-provider'
import type { Clock } from '#domain/clock.ts'
import type { UserId } from '#domain/user.ts'
import type { SignedInBrowser } from '#http/browser-session.ts'
import type { Identity } from '#identity/identity.ts'
import type { Secrets } from '#secrets/secrets.ts'
import type { Store, StoredRecord } from '#store/store.ts'
import type { EngineTime } from './engine-time.ts'
import { signInIn, type Visit, visitIn } from './request-notes.ts'
import type { UnitsOfWork } from './unit-of-work.ts'

/** What the life of a session hangs on, beside the session: written by sign-ins alone. */
interface SignedIn {
  readonly uid: string
  readonly userId: string
  readonly generation: number
  /** Epoch ms. */
  readonly signedInAt: number
  readonly amr: readonly string[]
}

type Seen = Visit & { readonly at: number }

/** A session that began and did not come to its absolute end; it may be over. */
export interface BegunSession extends SignedInBrowser {
  readonly uid: string
}

export interface SignedInBrowsers {
  nameOf(uid: string): string
  /** Keeps what the running request says about the browser of a signed-in session that it saves. */
  keep(session: AdapterPayload): Promise<void>
  /** Whether the session is still somebody's: not ended, of the user's current generation, the user there and not disabled. */
  isAlive(session: AdapterPayload): Promise<boolean>
  /** Ends a session for good: what is under way for it cannot bring it back. */
  end(uid: string): void
  list(userId: UserId): Promise<readonly BegunSession[]>
}

export interface SignedInBrowserParts {
  readonly units: UnitsOfWork
  readonly store: Store
  readonly secrets: Secrets
  readonly time: EngineTime
  readonly clock: Clock
  readonly identity: Identity
  /** The absolute end of a session, counted from the sign-in. */
  readonly sessionSeconds: number
}

/** A visit is written down once in this time: most requests of a session change nothing here. */
const seenEveryMs = 60_000
/** Whoever has more is shown the latest. */
const mostListed = 1_000

const indexOf = (userId: UserId): string => `sessions-of-user:${userId}`

/**
 * The browsers in which somebody is signed in: one record for each, made by the sign-in. An end takes it away and
 * leaves a mark that nothing removes, so that no request that was under way brings the session back (security-cases E18).
 */
export function signedInBrowsers(parts: SignedInBrowserParts): SignedInBrowsers {
  const { units, store, secrets, time, clock, identity, sessionSeconds } = parts

  const nameOf = (uid: string): string => secrets.hash('signed-in', uid)
  const recordKey = (name: string): string => `signed-in:${name}`
  const seenKey = (name: string): string => `signed-in-seen:${name}`
  const endKey = (name: string): string => `signed-in-end:${name}`

  function parse<T>(stored: StoredRecord | undefined): T | undefined {
    const text = stored && secrets.unseal(stored.key, stored.value)
    return text === undefined ? undefined : (JSON.parse(text) as T)
  }

  const read = async <T>(key: string): Promise<T | undefined> => parse<T>(await units.current().read(key))

  function put(key: string, value: object, rest: { expiresAt: number; indexes?: readonly string[] }): void {
    const sealed = (): string => secrets.seal(key, JSON.stringify(value))
    units.current().put(key, () => ({ value: sealed(), guarded: false, ...rest }))
  }

  return {
    nameOf,

    async keep({ uid = '', accountId, loginTs }) {
      const unit = units.current()
      const name = nameOf(uid)
      const signedInAt = Number(time.toStored({ loginTs })['loginTs']) * 1000
      const expiresAt = signedInAt + sessionSeconds * 1000
      const completed = signInIn(unit)
      const known = await read<SignedIn>(recordKey(name))
      if (completed && completed.signIn.accountId === accountId && !(known && completed.isRepeated)) {
        const { generation, isHeadless, amr } = completed.signIn
        const record: SignedIn = { uid, userId: String(accountId), generation, signedInAt, amr }
        const indexes = isHeadless ? [] : [indexOf(accountId as UserId)]
        put(recordKey(name), record, { expiresAt, indexes })
      }
      const seen = await read<Seen>(seenKey(name))
      const now = clock.now()
      if (!seen || now - seen.at >= seenEveryMs)
        put(seenKey(name), { ...visitIn(unit), at: now }, { expiresAt })
    },

    async isAlive({ uid = '', accountId }) {
      if (accountId === undefined) return true
      const name = nameOf(uid)
      const [record, end, user] = await Promise.all([
        read<SignedIn>(recordKey(name)),
        units.current().read(endKey(name)),
        identity.find(accountId as UserId),
      ])
      return (
        record?.userId === accountId &&
        end === undefined &&
        user?.disabled === false &&
        record.generation === (user.sessionGeneration ?? 0)
      )
    },

    end(uid) {
      const name = nameOf(uid)
      const unit = units.current()
      unit.delete(recordKey(name))
      unit.delete(seenKey(name))
      // No sign-in that began before now can last longer.
      put(endKey(name), {}, { expiresAt: clock.now() + sessionSeconds * 1000 })
    },

    async list(userId) {
      const records = await store.list(indexOf(userId), { limit: mostListed })
      const begun = records.flatMap((stored) => parse<SignedIn>(stored) ?? [])
      const seen = await store.read(begun.map(({ uid }) => seenKey(nameOf(uid))))
      return begun.map(({ uid, signedInAt, amr }, index) => {
        const { at = signedInAt, address = '', userAgent = '' } = parse<Seen>(seen[index]) ?? {}
        return { uid, name: nameOf(uid), signedInAt, amr, lastSeenAt: at, address, userAgent }
      })
    },
  }
}
