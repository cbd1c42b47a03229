import type { AccountGroupId } from '#domain/account-group.ts'
import type { CallLimits } from '#domain/call-limits.ts'
import type { Connection, GrantTag } from '#domain/grant.ts'
import type { RegionId } from '#domain/region.ts'
import type { UserId } from '#domain/user.ts'
import type { StoredRecord } from '#store/store.ts'
import { grantOfText, grantText } from './grant-text.ts'

/** The engine's payload of a model, without what the record says already and without the secret itself. */
export type Payload = Readonly<Record<string, unknown>>

export interface IssuedToken {
  /** Keyed hash of the value (secrets.ts). */
  readonly hash: string
  /** Epoch seconds of the system clock the record was written under (RFC 7519 `exp`). */
  readonly exp: number
  readonly payload: Payload
  /** Epoch ms of its use, for a code. */
  readonly consumedAt?: number
}

export interface IssuedRefreshToken extends IssuedToken {
  readonly generation: number
}

/** The answer of the last rotation, for a retry or a parallel twin; its tokens follow from the refresh token that was spent. */
export interface ReplayAnswer {
  /** What the successors were derived with, beside the spent token. */
  readonly salt: string
  /** The answer as JSON, without its tokens. */
  readonly answer: string
  /** The scope parameter of the request it answered; another one is another request. */
  readonly scope: string
  /** Epoch ms; the window ends then, or when the successor is used. */
  readonly until: number
}

/** The refresh token before the current one. */
export interface SpentRefreshToken {
  readonly hash: string
  readonly generation: number
  readonly replay?: ReplayAnswer
}

/** Call limits as JSON has them. */
export interface RecordedLimits {
  readonly isReadOnly: boolean
  readonly operations?: readonly string[]
}

/** @returns the member of a record that keeps limits; nothing for none */
export const recordedLimits = (limits: CallLimits | undefined): { readonly limits?: RecordedLimits } =>
  limits === undefined
    ? {}
    : {
        limits: {
          isReadOnly: limits.isReadOnly,
          ...(limits.operations && { operations: [...limits.operations] }),
        },
      }

/** The limits of a record, for a port that tells them. */
export const limitsOf = ({ limits }: Pick<GrantRecord, 'limits'>): { readonly limits?: CallLimits } =>
  limits === undefined
    ? {}
    : {
        limits: {
          isReadOnly: limits.isReadOnly,
          operations: limits.operations && new Set(limits.operations),
        },
      }

/** Everything about one connection, in one record: who, to what, and its live tokens (DECISIONS 5). */
export interface GrantRecord {
  readonly userId: UserId
  readonly region: RegionId
  readonly clientId: string
  readonly scopes: readonly string[]
  readonly accountGroups: readonly AccountGroupId[]
  /** What the user was told when it was confirmed; left out when nothing limited it. */
  readonly limits?: RecordedLimits
  /** The name of the scoped API token that the grant is for, instead of an integration's connection. */
  readonly apiToken?: string
  /** The browser session in which the user confirmed. */
  readonly sessionUid: string
  readonly createdAt: number
  /** Of the first token answer; records of before this was kept have none. */
  readonly firstUsedAt?: number
  /** Of the last token answer; calls stand beside the record (grant-uses.ts). */
  readonly lastUsedAt: number
  /** The address that asked for it. */
  readonly lastUsedAddress?: string
  /** Epoch ms: the absolute end of the connection. */
  readonly endsAt: number
  /** Epoch ms until which a grant without tokens waits for its first exchange. */
  readonly pendingUntil: number
  readonly grant: Payload
  readonly code?: IssuedToken
  readonly access: readonly IssuedToken[]
  readonly refresh?: IssuedRefreshToken
  readonly spent?: SpentRefreshToken
}

/** A connection that refreshes in a tight loop must not grow its record without end (DECISIONS 5). */
const liveAccessTokens = 5
/** Rows outlive their tokens by this much, so that a late answer can still say "expired". */
const graceMs = 60_000

export const grantKey = (tag: GrantTag): string => `grant:${tag}`

/** Beside the grant's record, and ended with it: its last call (grant-uses.ts). */
export const grantUseKey = (tag: GrantTag): string => `grant-use:${tag}`

/** The indexes under which a connection is found; fixed at its creation. Each costs up to a fifth of the whole in Redis, so whoever looks for anything else goes through all of these. */
export const grantIndexes = (record: GrantRecord): readonly string[] => [
  'grants',
  `grants-of-user:${record.userId}`,
]

/** Drops what has expired or exceeds the bound; the newest access tokens stay. @param now epoch ms */
export function pruned(record: GrantRecord, now: number): GrantRecord {
  const access = record.access.filter((token) => token.exp * 1000 > now).slice(-liveAccessTokens)
  if (record.code === undefined || record.code.exp * 1000 + graceMs > now) return { ...record, access }
  const { code: _code, ...rest } = record
  return { ...rest, access }
}

/** When the store may forget the record: its last token has ended, and never later than the connection itself. */
export function recordEnd(record: GrantRecord): number {
  const tokens = [
    ...record.access,
    ...(record.refresh ? [record.refresh] : []),
    ...(record.code ? [record.code] : []),
  ]
  const last = Math.max(record.pendingUntil, ...tokens.map((token) => token.exp * 1000 + graceMs))
  return Math.min(last, record.endsAt)
}

const parsed = new WeakMap<StoredRecord, GrantRecord>()

/** The value under which a record is stored. */
export const grantValue = (record: GrantRecord): string => grantText(record)

/** The record behind a stored one: as it was written here, or parsed once per stored object, which adapters may hand out again. */
export function readGrantRecord(stored: StoredRecord): GrantRecord {
  // Under the keys of grants nothing else is written than by grant-work.ts.
  const known = (stored.meaning as GrantRecord | undefined) ?? parsed.get(stored)
  if (known) return known
  const record = grantOfText(stored.value)
  parsed.set(stored, record)
  return record
}

/** The record after a token answer. @param address undefined when nobody asked over the network @param at epoch ms */
export function usedRecord(record: GrantRecord, at: number, address: string | undefined): GrantRecord {
  // A record of before first uses were kept shows only that there was one.
  const isFirst = record.firstUsedAt === undefined && record.lastUsedAt <= record.createdAt
  return {
    ...record,
    ...(isFirst ? { firstUsedAt: at } : {}),
    lastUsedAt: at,
    ...(address === undefined ? {} : { lastUsedAddress: address }),
  }
}

/** A grant as people see it. @param call its last call, when one was noted */
export const connectionOf = (
  tag: GrantTag,
  record: GrantRecord,
  call?: { readonly at: number; readonly address: string },
): Connection => ({
  tag,
  userId: record.userId,
  region: record.region,
  clientId: record.clientId,
  scopes: record.scopes,
  accountGroups: record.accountGroups,
  ...limitsOf(record),
  ...(record.apiToken === undefined ? {} : { apiToken: record.apiToken }),
  createdAt: record.createdAt,
  firstUsedAt: record.firstUsedAt,
  ...(call && call.at >= record.lastUsedAt
    ? { lastUsedAt: call.at, lastUsedAddress: call.address }
    : { lastUsedAt: record.lastUsedAt, lastUsedAddress: record.lastUsedAddress }),
  expiresAt: recordEnd(record),
})
