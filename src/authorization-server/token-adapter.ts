import type { Adapter, AdapterPayload } from 'oidc-provider'
import { errors } from 'oidc-provider'
import type { Clock } from '#domain/clock.ts'
import type { GrantTag } from '#domain/grant.ts'
import { type GrantRecord, type IssuedToken, type Payload, usedRecord } from '#grants/grant-record.ts'
import { grantTagOf, tagOfToken } from '#grants/token-values.ts'
import type { Secrets } from '#secrets/secrets.ts'
import type { EngineTime } from './engine-time.ts'
import { endingEvent } from './grant-adapter.ts'
import type { GrantWork } from './grant-work.ts'

export interface TokenAdapterParts {
  readonly work: GrantWork
  readonly time: EngineTime
  readonly clock: Clock
  readonly secrets: Secrets
  /** Who sent the running request; undefined when there is none. */
  readonly callerAddress: () => string | undefined
}

/** What the record or the presented value says already is not stored again; `jti` is the secret itself. */
const redundant: ReadonlySet<string> = new Set([
  'jti',
  'kind',
  'accountId',
  'clientId',
  'grantId',
  'sessionUid',
  'exp',
  'extra',
])

/** The grant type matters to refresh tokens alone. */
const redundantInAccess: ReadonlySet<string> = new Set([...redundant, 'gty'])

/** The engine's payload as it is stored in the grant's record. */
export function compact(payload: object, without: ReadonlySet<string> = redundant): Payload {
  const kept: Record<string, unknown> = {}
  for (const name in payload) {
    const value = (payload as Payload)[name]
    if (value !== undefined && !without.has(name)) kept[name] = value
  }
  return kept
}

/** The stored payload as the engine wants it back. @param id the presented value */
export function restore(
  record: GrantRecord,
  issued: IssuedToken,
  model: { id: string; kind: string },
): AdapterPayload {
  return {
    ...issued.payload,
    jti: model.id,
    kind: model.kind,
    exp: issued.exp,
    accountId: record.userId,
    clientId: record.clientId,
    grantId: String(record.grant['jti']),
    sessionUid: record.sessionUid,
    ...(issued.consumedAt === undefined ? {} : { consumed: Math.floor(issued.consumedAt / 1000) }),
  } as AdapterPayload
}

const unused: Pick<Adapter, 'findByUid' | 'findByUserCode'> = {
  findByUid: () => Promise.resolve(undefined),
  findByUserCode: () => Promise.resolve(undefined),
}

/** Of a value that is being issued: it begins with the tag of its grant (seams.ts), which spares a hash of the grant's id. */
function tagOfIssued(value: string): GrantTag {
  const tag = tagOfToken(value)
  if (!tag) throw new Error('the token names no grant')
  return tag
}

/** Writing under a grant that is gone must not succeed: revocation wins (reliability I2). */
export async function liveRecord(work: GrantWork, tag: GrantTag): Promise<GrantRecord> {
  const record = await work.load(tag)
  if (!record) throw new errors.InvalidGrant('grant was revoked')
  return record
}

export function accessTokenAdapter({
  work,
  time,
  clock,
  secrets,
  callerAddress,
}: TokenAdapterParts): Adapter {
  return {
    ...unused,
    async upsert(id, payload) {
      const tag = tagOfIssued(id)
      await liveRecord(work, tag)
      const stored = time.toStored(payload)
      const token = {
        hash: secrets.hash('access-token', id),
        exp: Number(stored.exp),
        payload: compact(stored, redundantInAccess),
      }
      const address = callerAddress()
      work.change(tag, (record) => ({
        ...usedRecord(record, clock.now(), address),
        pendingUntil: 0,
        access: [...record.access, token],
      }))
    },
    async find(id) {
      const tag = tagOfToken(id)
      const record = tag && (await work.load(tag))
      if (!record) return undefined
      const hash = secrets.hash('access-token', id)
      const issued = record.access.find((token) => token.hash === hash)
      return issued && time.toEngine(restore(record, issued, { id, kind: 'AccessToken' }))
    },
    async destroy(id) {
      const tag = tagOfToken(id)
      if (!tag) return
      await work.load(tag)
      const hash = secrets.hash('access-token', id)
      work.revoke(tag, (record) => ({
        ...record,
        access: record.access.filter((token) => token.hash !== hash),
      }))
    },
    revokeByGrantId: (grantId) => work.destroy(grantTagOf(grantId), endingEvent()),
    consume: () => Promise.reject(new Error('an access token is not consumed')),
  }
}

/** Authorization codes: one a grant, single use (RFC 6749 §4.1.2). */
export function authorizationCodeAdapter({ work, time, clock, secrets }: TokenAdapterParts): Adapter {
  async function findIssued(
    id: string,
  ): Promise<{ record: GrantRecord; code: IssuedToken; tag: GrantTag } | undefined> {
    const tag = tagOfToken(id)
    const record = tag && (await work.load(tag))
    const code = record?.code
    return record && code?.hash === secrets.hash('authorization-code', id) ? { record, code, tag } : undefined
  }
  return {
    ...unused,
    async upsert(id, payload) {
      const tag = tagOfIssued(id)
      await liveRecord(work, tag)
      const stored = time.toStored(payload)
      const code = {
        hash: secrets.hash('authorization-code', id),
        exp: Number(stored.exp),
        payload: compact(stored),
      }
      work.change(tag, (record) => ({ ...record, code }))
    },
    async find(id) {
      const found = await findIssued(id)
      return found && time.toEngine(restore(found.record, found.code, { id, kind: 'AuthorizationCode' }))
    },
    async consume(id) {
      const found = await findIssued(id)
      if (!found || found.code.consumedAt !== undefined)
        throw new errors.InvalidGrant('authorization code already consumed')
      work.change(found.tag, (record) => ({ ...record, code: { ...found.code, consumedAt: clock.now() } }))
    },
    async destroy(id) {
      const found = await findIssued(id)
      if (found) work.change(found.tag, ({ code: _code, ...record }) => record)
    },
    revokeByGrantId: (grantId) => work.destroy(grantTagOf(grantId), endingEvent()),
  }
}
