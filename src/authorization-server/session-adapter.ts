import type { Adapter, AdapterPayload } from 'oidc-provider'
import type { SealedRecords } from './sealed-records.ts'
import type { SignedInBrowsers } from './signed-in-browsers.ts'

export interface SessionAdapterParts {
  readonly records: SealedRecords
  readonly browsers: SignedInBrowsers
  /** The absolute end of a session, counted from the sign-in. */
  readonly sessionSeconds: number
}

const byUid = 'session-uid'
const alive = 'session-alive'

/**
 * Browser sessions. Each request writes its session back, and the last write wins, so that tabs do not disturb each other. What
 * keeps a session alive therefore stands beside it: for its id a mark, set when the id is made and taken away when it is changed
 * or given up; for the sign-in what signed-in-browsers.ts keeps. A request that was under way when a session ended brings back a
 * record, and nobody's session (ASVS 5.0 7.4.1; security-cases E18).
 */
export function sessionAdapter(
  { records, browsers, sessionSeconds }: SessionAdapterParts,
  plain: Adapter,
): Adapter {
  async function live(key: string | undefined): Promise<AdapterPayload | undefined> {
    const payload = key === undefined ? undefined : await records.read(key)
    if (payload === undefined || (await records.follow(alive, String(payload['jti']))) !== key)
      return undefined
    return (await browsers.isAlive(payload)) ? (payload as AdapterPayload) : undefined
  }

  return {
    ...plain,
    async upsert(id, payload, expiresIn) {
      const key = records.keyOf('Session', id)
      const isNew = (await records.read(key)) === undefined
      const end = Math.max(Number(payload.exp), Number(payload.loginTs ?? 0) + sessionSeconds)
      if (isNew) records.point(alive, id, { key, payload: { exp: end } })
      // Nobody has signed in, so there is no end to keep, and the mark slides along.
      else if (payload.accountId === undefined) records.point(alive, id, { key, payload })
      // A session is also found by its uid, which stays while its id changes at sign-in (ASVS 5.0 7.2.4).
      records.point(byUid, String(payload.uid), { key, payload })
      if (payload.accountId !== undefined) await browsers.keep(payload)
      await plain.upsert(id, payload, expiresIn)
    },
    find: (id) => live(records.keyOf('Session', id)),
    findByUid: async (uid) => live(await records.follow(byUid, uid)),
    async destroy(id) {
      records.unpoint(alive, id)
      await plain.destroy(id)
    },
  }
}
