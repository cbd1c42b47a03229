import { randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { storeAudit } from '#audit/store-audit.ts'
import type { GrantTag } from '#domain/grant.ts'
import type { UserId } from '#domain/user.ts'
import { type GrantRecord, grantIndexes, grantKey, pruned, recordEnd } from '#grants/grant-record.ts'
import type { Grants } from '#grants/grants.ts'
import { openGrants } from '#grants/stored-grants.ts'
import { apiTokenValue, grantTagOf, tokenValue } from '#grants/token-values.ts'
import { newKeyMaterial } from '#secrets/key-file.ts'
import { secretsFrom } from '#secrets/secrets.ts'
import { openSqliteStore } from '#store/sqlite.ts'
import { type Store, StoreFailure } from '#store/store.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { grantRecordAt } from '../support/grant-record.ts'

const clock = fakeClock()
const secrets = secretsFrom(await newKeyMaterial(randomBytes), randomBytes)
const audit = storeAudit(clock, randomBytes)
const seconds = (): number => Math.floor(clock.now() / 1000)

let store: Store
let grants: Grants
let count = 0

beforeEach(() => {
  store = openSqliteStore({ path: ':memory:', clock, random: randomBytes }).store
  grants = openGrants({ store, secrets, clock, audit })
})

const newRecord = (changes?: Partial<GrantRecord>): GrantRecord => grantRecordAt(clock, changes)

/** A stored grant with one access token. */
async function newGrant(
  changes: Partial<GrantRecord> = {},
  token: { readonly lifetime?: number; readonly scope?: string } = {},
): Promise<{ tag: GrantTag; token: string }> {
  count += 1
  const tag = grantTagOf(`grant ${count}`)
  const value = tokenValue(tag, randomBytes(32).toString('base64url'))
  const { lifetime = 300, scope = 'tests:read openid' } = token
  const issued = { hash: secrets.hash('access-token', value), exp: seconds() + lifetime, payload: { scope } }
  const record = newRecord({ access: [issued], ...changes })
  const put = {
    kind: 'put',
    key: grantKey(tag),
    value: JSON.stringify(record),
    expiresAt: recordEnd(record),
  } as const
  await store.commit([{ ...put, expected: 'absent', indexes: grantIndexes(record) }])
  return { tag, token: value }
}

describe('what an access token opens', () => {
  test('is the grant’s user, region and account groups, and the token’s own scopes', async () => {
    const { tag, token } = await newGrant({}, { scope: 'tests:read' })
    const expiresAt = (seconds() + 300) * 1000
    const access = await grants.access(token)
    expect(access).toEqual({
      tag,
      userId: 'us1.1001',
      region: 'us1',
      clientId: 'meraki',
      scopes: new Set(['tests:read']),
      accountGroups: ['1101'],
      expiresAt,
    })
    // Asked again it is the same, worked out once.
    expect(await grants.access(token)).toBe(access)
  })

  test('is nothing from its last second on, remembered or not', async () => {
    const { token } = await newGrant()
    expect(await grants.access(token)).toBeDefined()
    clock.advance(299)
    expect(await grants.access(token)).toBeDefined()
    clock.advance(1)
    expect(await grants.access(token)).toBeUndefined()
  })

  test('is nothing from the end of the connection on, however long the token says it lives', async () => {
    const { token } = await newGrant({ endsAt: clock.now() + 60_000 })
    expect((await grants.access(token))?.expiresAt).toBe(clock.now() + 60_000)
    clock.advance(60)
    expect(await grants.access(token)).toBeUndefined()
  })

  test('is known at once on a process that still has the record of before it', async () => {
    const { tag, token } = await newGrant()
    const before = await store.read([grantKey(tag)])
    let exactReads = 0
    const behind: Store = {
      ...store,
      read(keys, freshness) {
        if (freshness === 'recent') return before
        exactReads += 1
        return store.read(keys)
      },
    }
    const other = openGrants({ store: behind, secrets, clock, audit })
    const [stored] = before
    const next = tokenValue(tag, randomBytes(32).toString('base64url'))
    const issued = { hash: secrets.hash('access-token', next), exp: seconds() + 300, payload: { scope: '' } }
    const record = newRecord({ access: [issued] })
    const put = { kind: 'put', key: grantKey(tag), value: JSON.stringify(record) } as const
    await store.commit([{ ...put, expiresAt: recordEnd(record), expected: stored?.version ?? '' }])
    expect(await other.access(next)).toMatchObject({ tag })
    expect(exactReads).toBe(1)
    // What is found needs no second look, expired or not.
    expect(await other.access(token)).toMatchObject({ tag })
    clock.advance(300)
    expect(await other.access(token)).toBeUndefined()
    expect(exactReads).toBe(1)
  })

  test('is nothing for another token of a live grant, another kind, or another form', async () => {
    const { tag, token } = await newGrant()
    const random = randomBytes(32).toString('base64url')
    for (const wrong of [
      tokenValue(tag, random),
      tag,
      `${tag}.`,
      '',
      token.slice(0, -1),
      `${token}A`,
      `grant:${tag}`,
    ])
      expect(await grants.access(wrong)).toBeUndefined()
  })

  test('is nothing at once when the connection is revoked, also through another process', async () => {
    const { tag, token } = await newGrant()
    const elsewhere = openGrants({ store, secrets, clock, audit })
    expect(await grants.access(token)).toBeDefined()
    expect(await elsewhere.revoke(tag, { actor: 'operator', reason: 'a test' })).toBe(true)
    expect(await grants.access(token)).toBeUndefined()
  })

  test('is never nothing because the store is down', async () => {
    const { token } = await newGrant()
    const broken = openGrants({
      store: { ...store, read: () => Promise.reject(new StoreFailure('down')) },
      secrets,
      clock,
      audit,
    })
    await expect(broken.access(token)).rejects.toBeInstanceOf(StoreFailure)
  })
})

describe('revoke', () => {
  test('records who and why together with the end, and says when there was nothing to end', async () => {
    const { tag } = await newGrant()
    expect(await grants.revoke(tag, { actor: 'us1.1001', reason: 'a test' })).toBe(true)
    expect(await grants.revoke(tag, { actor: 'us1.1001', reason: 'again' })).toBe(false)
    const entries = (await store.list('audit')).map(({ value }) => JSON.parse(value))
    expect(entries).toEqual([
      expect.objectContaining({
        event: 'grant-revoked',
        actor: 'us1.1001',
        clientId: 'meraki',
        grant: tag,
        detail: 'a test',
      }),
    ])
    expect(await grants.list({})).toEqual([])
  })

  test('ends all that match, a few at a time, each with its entry, and no other', async () => {
    const kept = await newGrant({ clientId: 'kept' })
    for (let index = 0; index < 120; index += 1) await newGrant({ clientId: 'bulk' })
    const before = (await store.list('audit')).length
    expect(await grants.revokeAll({ clientId: 'bulk' }, { actor: 'operator', reason: 'a test' })).toBe(120)
    expect(await grants.list({ clientId: 'bulk' })).toEqual([])
    expect((await grants.list({ clientId: 'kept' })).map(({ tag }) => tag)).toEqual([kept.tag])
    expect((await store.list('audit')).length).toBe(before + 120)
    expect(await grants.revokeAll({ clientId: 'bulk' }, { actor: 'operator', reason: 'again' })).toBe(0)
  })
})

describe('list', () => {
  test('finds by every filter and by all of them together, newest first', async () => {
    const first = await newGrant()
    clock.advance(1)
    const second = await newGrant({ clientId: 'sd-wan-manager', sessionUid: 'another session' })
    clock.advance(1)
    const third = await newGrant({ userId: 'eu1.3001' as UserId, region: 'eu1' })
    const tags = async (filter: Parameters<Grants['list']>[0]): Promise<readonly GrantTag[]> =>
      (await grants.list(filter)).map(({ tag }) => tag)
    expect(await tags({})).toEqual([third.tag, second.tag, first.tag])
    expect(await tags({ userId: 'us1.1001' as UserId })).toEqual([second.tag, first.tag])
    expect(await tags({ clientId: 'meraki' })).toEqual([third.tag, first.tag])
    expect(await tags({ region: 'eu1' })).toEqual([third.tag])
    expect(await tags({ sessionUid: 'another session' })).toEqual([second.tag])
    expect(await tags({ sessionUid: 'a session', clientId: 'meraki', region: 'us1' })).toEqual([first.tag])
    expect(await tags({ sessionUid: 'a session', clientId: 'sd-wan-manager' })).toEqual([])
  })

  test('shows no connection whose tokens have all ended, and one that waits for its first exchange', async () => {
    await newGrant(
      { refresh: { hash: 'x', generation: 1, exp: seconds() + 10, payload: {} } },
      { lifetime: 5 },
    )
    const pending = await newGrant({ access: [], pendingUntil: clock.now() + 60_000 })
    clock.advance(11)
    expect((await grants.list({})).map(({ tag }) => tag)).toEqual([pending.tag])
    clock.advance(7_200)
    expect(await grants.list({})).toEqual([])
  })

  test('goes through more than one page', async () => {
    for (let index = 0; index < 510; index += 1) await newGrant()
    expect(await grants.list({ clientId: 'meraki' })).toHaveLength(510)
  })
})

describe('the record of a grant', () => {
  const issued = (name: string, lifetime: number) => ({ hash: name, exp: seconds() + lifetime, payload: {} })

  test('is kept a minute longer than its last token, so that a late answer can say that it has expired', () => {
    const record = newRecord({ access: [issued('a', 300)] })
    expect(recordEnd(record)).toBe((seconds() + 7_200) * 1000 + 60_000)
    expect(recordEnd({ ...record, endsAt: clock.now() + 1_000 })).toBe(clock.now() + 1_000)
  })

  test('drops what has ended, a spent code after its minute, and all but the five newest access tokens', () => {
    const access = Array.from({ length: 7 }, (_, index) => issued(`token ${index}`, 300))
    const record = newRecord({ access: [issued('old', -1), ...access], code: issued('code', -59) })
    const kept = pruned(record, clock.now())
    expect(kept.access.map(({ hash }) => hash)).toEqual([2, 3, 4, 5, 6].map((index) => `token ${index}`))
    expect(kept.code?.hash).toBe('code')
    expect(pruned({ ...record, code: issued('code', -61) }, clock.now()).code).toBeUndefined()
    expect(kept.refresh).toEqual(record.refresh)
  })
})

describe('a made-up scoped API token', () => {
  test('is refused without asking the store', () => {
    const unasked: Store = {
      ...store,
      read: () => {
        throw new Error('the store was asked')
      },
    }
    const asking = openGrants({ store: unasked, secrets, clock, audit })
    const tag = grantTagOf('a grant')
    const own = apiTokenValue(secrets, tag, randomBytes(32).toString('base64url'))
    expect(() => asking.access(own)).toThrow('the store was asked')
    expect(asking.access(`${own.slice(0, -1)}${own.endsWith('A') ? 'B' : 'A'}`)).toBeUndefined()
  })
})
