import type { Audit } from '#audit/audit.ts'
import { whenKnown } from '#domain/awaitable.ts'
import { batches } from '#domain/batches.ts'
import type { Clock } from '#domain/clock.ts'
import { type Connection, type GrantTag, parseGrantTag } from '#domain/grant.ts'
import { remembering } from '#domain/remembering.ts'
import type { Secrets } from '#secrets/secrets.ts'
import type { Change, Store, StoredRecord } from '#store/store.ts'
import {
  connectionOf,
  type GrantRecord,
  grantKey,
  grantUseKey,
  type IssuedToken,
  limitsOf,
  readGrantRecord,
} from './grant-record.ts'
import { grantUses } from './grant-uses.ts'
import type { Access, ConnectionFilter, Grants, RevokedBy } from './grants.ts'
import { tagOfApiToken, tagOfToken } from './token-values.ts'

export interface StoredGrantsParts {
  readonly store: Store
  readonly secrets: Secrets
  readonly clock: Clock
  readonly audit: Audit
}

/** The index that narrows the filter. */
const indexFor = ({ userId }: ConnectionFilter): string =>
  userId === undefined ? 'grants' : `grants-of-user:${userId}`

const matches = (record: GrantRecord, filter: ConnectionFilter): boolean =>
  (filter.userId === undefined || record.userId === filter.userId) &&
  (filter.clientId === undefined || record.clientId === filter.clientId) &&
  (filter.region === undefined || record.region === filter.region) &&
  (filter.sessionUid === undefined || record.sessionUid === filter.sessionUid)

/** Whether people would call it connected: it has tokens, or a code that is still to be exchanged. */
const hasTokens = (record: GrantRecord, now: number): boolean =>
  [...record.access, ...(record.refresh ? [record.refresh] : [])].some((token) => token.exp * 1000 > now) ||
  record.pendingUntil > now

function accessOf(tag: GrantTag, record: GrantRecord, token: IssuedToken): Access {
  const scope = typeof token.payload['scope'] === 'string' ? token.payload['scope'] : ''
  return {
    tag,
    userId: record.userId,
    region: record.region,
    clientId: record.clientId,
    scopes: new Set(scope.split(' ').filter((word) => word !== '')),
    accountGroups: record.accountGroups,
    ...limitsOf(record),
    expiresAt: Math.min(token.exp * 1000, record.endsAt),
  }
}

interface Place {
  readonly tag: GrantTag
  readonly keys: readonly string[]
}

/** Where the record of a token stands. */
const placeOfToken =
  (secrets: Secrets) =>
  (token: string): Place | undefined => {
    const tag = tagOfToken(token) ?? tagOfApiToken(secrets, token)
    return tag && { tag, keys: [grantKey(tag)] }
  }

async function* pagesOf(store: Store, index: string): AsyncGenerator<readonly StoredRecord[]> {
  for (let after = ''; ; ) {
    const page = await store.list(index, { limit: 500, ...(after === '' ? {} : { after }) })
    yield page
    if (page.length < 500) return
    after = page.at(-1)?.key ?? ''
  }
}

/** In one commit: a Redis serves nobody else meanwhile. */
const endedAtOnce = 50

interface Tagged {
  readonly tag: GrantTag
  readonly record: GrantRecord
}

function recordOf(stored: StoredRecord): Tagged {
  const tag = parseGrantTag(stored.key.slice(grantKey('' as GrantTag).length))
  if (!tag) throw new Error('a record among the grants is none')
  return { tag, record: readGrantRecord(stored) }
}

/** What a grant leaves with, and the word of it. */
function endOf(audit: Audit, { tag, record }: Tagged, by: RevokedBy): readonly Change[] {
  const { userId, clientId, apiToken } = record
  const entry = audit.entry({
    ...(apiToken === undefined
      ? { event: 'grant-revoked', detail: by.reason }
      : { event: 'api-token-revoked', detail: apiToken }),
    actor: by.actor,
    userId,
    clientId,
    grant: tag,
    ...(by.address === undefined ? {} : { address: by.address }),
  })
  return [
    { kind: 'delete', key: grantKey(tag), isFinal: true },
    { kind: 'delete', key: grantUseKey(tag) },
    entry,
  ]
}

/** Grants on the store port. @throws from every method when the store cannot answer: that is 503, never 401 */
export function openGrants({ store, secrets, clock, audit }: StoredGrantsParts): Grants {
  /** What a token opens depends on its stored record alone, so it is worked out once per record object. */
  const opened = new WeakMap<StoredRecord, Map<string, Access>>()

  const uses = grantUses({ store, clock })
  const placeOf = remembering(1_000, placeOfToken(secrets))

  function find(stored: StoredRecord, tag: GrantTag, token: string): Access | undefined {
    const known = opened.get(stored)?.get(token)
    if (known) return known
    const record = readGrantRecord(stored)
    const hash = secrets.hash('access-token', token)
    const issued = record.access.find((candidate) => candidate.hash === hash)
    if (!issued) return undefined
    const access = accessOf(tag, record, issued)
    opened.set(stored, (opened.get(stored) ?? new Map<string, Access>()).set(token, access))
    return access
  }

  async function connectionsOf(
    page: readonly StoredRecord[],
    filter: ConnectionFilter,
  ): Promise<readonly Connection[]> {
    const now = clock.now()
    const live = page.map(recordOf).filter(({ record }) => matches(record, filter) && hasTokens(record, now))
    const calls = live.length > 0 ? await uses.of(live.map(({ tag }) => tag)) : []
    return live.map(({ tag, record }, index) => connectionOf(tag, record, calls[index]))
  }

  return {
    access(token) {
      const place = placeOf(token)
      if (!place) return undefined
      const { tag, keys } = place
      const foundIn = ([stored]: readonly (StoredRecord | undefined)[]) => stored && find(stored, tag, token)
      const found = whenKnown(store.read(keys, 'recent'), (recent) => {
        const access = foundIn(recent)
        // Another process may have issued it just now: the word of that may still be on its way, and a client throws away what is refused.
        return access || !recent[0] ? access : whenKnown(store.read(keys), foundIn)
      })
      return whenKnown(found, (access) => (access && access.expiresAt > clock.now() ? access : undefined))
    },

    noteUse: uses.note,

    async list(filter) {
      const connections: Connection[] = []
      for await (const page of pagesOf(store, indexFor(filter)))
        connections.push(...(await connectionsOf(page, filter)))
      return connections.sort((one, other) => other.createdAt - one.createdAt)
    },

    async revoke(tag, by) {
      const key = grantKey(tag)
      const [stored] = await store.read([key])
      if (!stored) {
        // That it is gone is acknowledged, and another process may just have ended it.
        await store.commit([], 'everywhere')
        return false
      }
      await store.commit(endOf(audit, { tag, record: readGrantRecord(stored) }, by), 'everywhere')
      return true
    },

    async revokeAll(filter, by) {
      let revoked = 0
      for await (const page of pagesOf(store, indexFor(filter))) {
        const now = clock.now()
        const matching = page.map(recordOf).filter(({ record }) => matches(record, filter))
        for (const some of batches(matching, endedAtOnce))
          await store.commit(some.flatMap((one) => endOf(audit, one, by)))
        revoked += matching.filter(({ record }) => hasTokens(record, now)).length
      }
      // That the others are gone is acknowledged as well, and whoever asks again may have ended them without being told so.
      await store.commit([], 'everywhere')
      return revoked
    },
  }
}
