import type { GrantTag } from '#domain/grant.ts'
import type { TokenKind } from '#domain/token-kind.ts'
import type { GrantRecord, IssuedRefreshToken, IssuedToken } from '#grants/grant-record.ts'
import {
  claimedRefreshTokenParts,
  refreshTokenParts,
  tagOfApiToken,
  tagOfToken,
} from '#grants/token-values.ts'
import type { HeadlessParts } from './headless.ts'

/** What a test does to a token of any kind, by its value. Every method answers undefined for what is not alive. */
export interface TokenControl {
  /** Ends its life now, as if its time had passed. */
  expire(token: string): Promise<TokenKind | undefined>
  /** Ends the whole connection that it belongs to; a device code or User API Token by itself. */
  revoke(token: string): Promise<TokenKind | undefined>
  /** Makes a refresh token or code one that was used before: its next use is reuse. `unsuited` for other kinds. */
  markUsed(token: string): Promise<TokenKind | 'unsuited' | undefined>
}

type Found =
  | { readonly kind: 'access_token' | 'refresh_token' | 'authorization_code'; readonly tag: GrantTag }
  | { readonly kind: 'device_code'; readonly key: string }
  | { readonly kind: 'user_api_token' }

/** A point in the past of every clock that has just read the record. */
const aSecondAgo = (nowMs: number): number => Math.floor(nowMs / 1000) - 1

type Change = (record: GrantRecord) => GrantRecord

function expiring(
  kind: Exclude<Found['kind'], 'device_code' | 'user_api_token'>,
  hash: string,
  exp: number,
): Change {
  const ended = <Token extends IssuedToken>(token: Token): Token =>
    token.hash === hash ? { ...token, exp } : token
  switch (kind) {
    case 'access_token':
      return (record) => ({ ...record, access: record.access.map(ended) })
    case 'refresh_token':
      return ({ refresh, ...record }) => ({ ...record, ...(refresh && { refresh: ended(refresh) }) })
    case 'authorization_code':
      return ({ code, ...record }) => ({ ...record, ...(code && { code: ended(code) }) })
    default:
      return kind satisfies never
  }
}

/** A successor that nobody holds: the presented token is one generation behind then, and its replay window closed. */
function succeeded({ spent: _spent, refresh, ...record }: GrantRecord, hash: string): GrantRecord {
  if (refresh?.hash !== hash) return { ...record, ...(refresh && { refresh }) }
  const successor: IssuedRefreshToken = {
    ...refresh,
    generation: refresh.generation + 1,
    hash: `after ${refresh.hash}`,
  }
  return { ...record, refresh: successor }
}

/** Finds a token of any kind by its value. */
function finder({
  parts: { secrets, userApiTokens },
  work,
  records,
}: HeadlessParts): (token: string) => Promise<Found | undefined> {
  async function inGrant(token: string): Promise<Found | undefined> {
    const tag = tagOfToken(token) ?? tagOfApiToken(secrets, token) ?? refreshTokenParts(secrets, token)?.tag
    const record = tag && (await work.load(tag))
    if (!tag || !record) return undefined
    if (record.refresh?.hash === secrets.hash('refresh-token', token)) return { kind: 'refresh_token', tag }
    if (record.code?.hash === secrets.hash('authorization-code', token))
      return { kind: 'authorization_code', tag }
    const hash = secrets.hash('access-token', token)
    return record.access.some((access) => access.hash === hash) ? { kind: 'access_token', tag } : undefined
  }
  return async (token) => {
    if (tagOfToken(token) || claimedRefreshTokenParts(token) || tagOfApiToken(secrets, token))
      return inGrant(token)
    const key = records.keyOf('DeviceCode', token)
    if (await records.read(key)) return { kind: 'device_code', key }
    return (await userApiTokens.ownerOf(token)) ? { kind: 'user_api_token' } : undefined
  }
}

const hashKinds = {
  access_token: 'access-token',
  refresh_token: 'refresh-token',
  authorization_code: 'authorization-code',
} as const

export function tokenControl(headless: HeadlessParts): TokenControl {
  const { parts, units, work, records } = headless
  const { secrets, clock, userApiTokens } = parts
  const find = finder(headless)

  async function inUnit<Result>(act: () => Promise<Result>): Promise<Result> {
    let result: Result | undefined
    const outcome = await units.run(
      async () => {
        result = await act()
      },
      () => true,
    )
    if (outcome === 'conflict') return inUnit(act) // the token was used meanwhile; what holds now is asked anew
    return result as Result
  }

  const act =
    (how: (found: Found, token: string) => Promise<void>) =>
    (token: string): Promise<TokenKind | undefined> =>
      inUnit(async () => {
        const found = await find(token)
        if (found) await how(found, token)
        return found?.kind
      })

  async function endDeviceCode(key: string): Promise<void> {
    const payload = await records.read(key)
    if (payload) records.write(key, { ...payload, exp: aSecondAgo(parts.engineNow()) }, { guarded: true })
  }

  return {
    expire: act(async (found, token) => {
      if (found.kind === 'user_api_token') return userApiTokens.revoke(token)
      if (found.kind === 'device_code') return endDeviceCode(found.key)
      const hash = secrets.hash(hashKinds[found.kind], token)
      return work.change(found.tag, expiring(found.kind, hash, aSecondAgo(clock.now())))
    }),
    revoke: act(async (found, token) => {
      if (found.kind === 'user_api_token') return userApiTokens.revoke(token)
      if (found.kind === 'device_code') return records.delete(found.key)
      return work.destroy(found.tag, 'grant-revoked')
    }),
    markUsed: (token) =>
      inUnit(async () => {
        const found = await find(token)
        if (!found || found.kind === 'access_token' || found.kind === 'user_api_token')
          return found && 'unsuited'
        if (found.kind === 'device_code') {
          const payload = await records.read(found.key)
          // Long ago, so that it does not look like a parallel twin.
          if (payload) records.write(found.key, { ...payload, consumed: 1, consumedAt: 0 }, { guarded: true })
          return found.kind
        }
        const { tag, kind } = found
        const hash = secrets.hash(hashKinds[kind], token)
        work.change(tag, (record) =>
          kind === 'refresh_token'
            ? succeeded(record, hash)
            : { ...record, ...(record.code && { code: { ...record.code, consumedAt: clock.now() } }) },
        )
        return kind
      }),
  }
}
