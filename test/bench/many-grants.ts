import type { AccountGroupId } from '#domain/account-group.ts'
import type { UserId } from '#domain/user.ts'
import { type GrantRecord, grantIndexes, grantKey, grantValue, recordEnd } from '#grants/grant-record.ts'
import { grantTagOf, refreshTokenValue, tokenValue } from '#grants/token-values.ts'
import type { Secrets } from '#secrets/secrets.ts'
import type { Change, Store } from '#store/store.ts'

const scope = 'agents:manage organization:read templates:deploy templates:manage tests:manage offline_access'
/** Long enough to write all of them first. */
const accessSeconds = 86_400
const idleSeconds = 7 * 86_400
const absoluteSeconds = 180 * 86_400
export const million = 1_000_000
/** Changes of one commit. */
const batch = 100

const idOf = (index: number): string => `the id of grant number ${index}`.padEnd(43, '.')
const randomOf = (secrets: Secrets, index: number): string => secrets.hash('bench', String(index))

/** @returns gives the number of another grant of the million at each call, far from the last one */
export function scattered(): () => number {
  let number = 0
  return () => {
    number = (number + 618_033) % million // which has no divisor in common with a million
    return number
  }
}

/** The refresh token of the grant of that number, as it was issued. */
export const refreshTokenOf = (secrets: Secrets, index: number): string =>
  refreshTokenValue(secrets, { tag: grantTagOf(idOf(index)), generation: 1 }, randomOf(secrets, index))

/** The access token of the grant of that number. */
export const accessTokenOf = (secrets: Secrets, index: number): string =>
  tokenValue(grantTagOf(idOf(index)), randomOf(secrets, index))

/** A device of SD-WAN Manager that one of the seeded users connected, with the tokens of its first exchange. */
function recordFor(secrets: Secrets, index: number, now: number): GrantRecord {
  const iat = Math.floor(now / 1000)
  const [userId, clientId] = [`us1.${1001 + (index % 3)}` as UserId, 'sd-wan-manager']
  const payload = { iat, scope }
  return {
    userId,
    region: 'us1',
    clientId,
    scopes: scope.split(' '),
    accountGroups: ['1101' as AccountGroupId],
    sessionUid: secrets.hash('bench session', String(index)),
    createdAt: now,
    firstUsedAt: now,
    lastUsedAt: now,
    lastUsedAddress: '198.51.100.17',
    endsAt: (iat + absoluteSeconds) * 1000,
    pendingUntil: 0,
    grant: {
      iat,
      exp: iat + absoluteSeconds,
      accountId: userId,
      clientId,
      kind: 'Grant',
      jti: idOf(index),
      openid: { scope },
    },
    access: [
      {
        hash: secrets.hash('access-token', accessTokenOf(secrets, index)),
        exp: iat + accessSeconds,
        payload,
      },
    ],
    refresh: {
      hash: secrets.hash('refresh-token', refreshTokenOf(secrets, index)),
      generation: 1,
      exp: iat + idleSeconds,
      payload: { ...payload, amr: ['pwd'], authTime: iat, iiat: iat, gty: 'device_code', rotations: 0 },
    },
  }
}

/** The key of the grant of that number. */
export const grantKeyOf = (index: number): string => grantKey(grantTagOf(idOf(index)))

/** Writes so many live grants, as the authorization server does. @param now epoch ms */
export async function writeGrants(
  store: Store,
  secrets: Secrets,
  { count, now }: { readonly count: number; readonly now: number },
): Promise<void> {
  for (let first = 0; first < count; first += batch) {
    const numbers = Array.from({ length: Math.min(batch, count - first) }, (_, offset) => first + offset)
    const changes = numbers.map((index): Change => {
      const record = recordFor(secrets, index, now)
      return {
        kind: 'put',
        key: grantKeyOf(index),
        value: grantValue(record),
        expiresAt: recordEnd(record),
        expected: 'absent',
        indexes: grantIndexes(record),
      }
    })
    if ((await store.commit(changes)) === 'conflict') throw new Error('the store was not empty')
  }
}
