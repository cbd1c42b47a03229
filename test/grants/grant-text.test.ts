import { describe, expect, test } from 'vitest'
import type { AccountGroupId } from '#domain/account-group.ts'
import type { UserId } from '#domain/user.ts'
import type { GrantRecord } from '#grants/grant-record.ts'
import { grantOfText, grantText } from '#grants/grant-text.ts'

const scope = 'tests:manage offline_access'

const full: GrantRecord = {
  userId: 'us1.1001' as UserId,
  region: 'us1',
  clientId: 'meraki',
  scopes: scope.split(' '),
  accountGroups: ['1101', '1102'] as unknown as readonly AccountGroupId[],
  sessionUid: 'a session',
  createdAt: 1_795_668_160_078,
  firstUsedAt: 1_795_668_160_095,
  lastUsedAt: 1_795_668_160_399,
  lastUsedAddress: '192.0.2.1',
  endsAt: 1_811_220_160_000,
  pendingUntil: 0,
  grant: {
    iat: 1_795_668_160,
    exp: 1_811_220_160,
    accountId: 'us1.1001',
    clientId: 'meraki',
    kind: 'Grant',
    jti: 'the id',
    openid: { scope },
  },
  code: { hash: 'c', exp: 5, payload: { iat: 4, scope, nonce: 'n' }, consumedAt: 3 },
  access: [
    { hash: 'a', exp: 1, payload: { iat: 2, scope } },
    { hash: 'b', exp: 2, payload: { iat: 3, scope: 'tests:read', claims: { userinfo: null } } },
    { hash: 'c', exp: 3, payload: {} },
  ],
  refresh: { hash: 'r', exp: 9, generation: 3, payload: { iat: 2, scope, amr: ['pwd'], rotations: 2 } },
  spent: { hash: 's', generation: 2, replay: { salt: 'x', answer: '{}', scope: '', until: 7 } },
}

const { firstUsedAt: _first, lastUsedAddress: _address, code: _code, refresh: _refresh, ...rest } = full
const { spent: _spent, ...fresh } = rest

/** A record whose spent token is answered again. */
const answering = (answer: object, more: Partial<GrantRecord> = {}): GrantRecord => ({
  ...full,
  ...more,
  spent: {
    hash: 's',
    generation: 2,
    replay: { salt: 'x', answer: JSON.stringify(answer), scope: 'a b', until: 7 },
  },
})

const records: readonly (readonly [string, GrantRecord])[] = [
  ['with everything', full],
  ['that nobody has used yet', { ...fresh, access: [], pendingUntil: 12 }],
  ['with a code that waits', { ...fresh, code: { hash: 'c', exp: 5, payload: { iat: 4, scope } } }],
  ['without scopes', { ...full, scopes: [], grant: { ...full.grant, openid: { scope: '' } } }],
  ['that answers with its own scopes', answering({ access_token: '', scope, token_type: 'Bearer' })],
  ['that answers with fewer scopes', answering({ id_token: 'x', scope: 'tests:manage' })],
  ['that answers without scopes', answering({ expires_in: 600 })],
  ['whose scopes mean something to a replacement', answering({ scope: '$& $1' }, { scopes: ['$&', '$1'] })],
  ['with a spent token and no answer', { ...full, spent: { hash: 's', generation: 2 } }],
  ['whose grant says more', { ...full, grant: { ...full.grant, openid: { scope, claims: ['email'] } } }],
  ['whose grant ends otherwise', { ...full, grant: { ...full.grant, exp: 1 } }],
  ['whose grant allows no scopes', { ...full, grant: { kind: 'Grant', jti: 'i', rejected: { a: 1 } } }],
  ['with members of a later version', { ...full, readOnly: true, name: 'x' } as GrantRecord],
]

describe('the text of a grant', () => {
  test.each(records)('gives back a record %s', (_what, record) => {
    expect(grantOfText(grantText(record))).toEqual(record)
  })

  test('has half the bytes of the named members', () => {
    const { code: _, ...connected } = full
    expect(grantText(connected).length).toBeLessThan(JSON.stringify(connected).length / 1.8)
  })

  test('of an earlier version, with its named members, is read too', () => {
    expect(grantOfText(JSON.stringify(full))).toEqual(full)
    const places = JSON.parse(grantText(full)) as unknown[]
    expect(grantOfText(JSON.stringify(places.with(16, full.spent)))).toEqual(full)
  })
})
