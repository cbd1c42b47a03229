import { randomBytes } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { beforeEach, describe, expect, test } from 'vitest'
import { storeAudit } from '#audit/store-audit.ts'
import type { Connection, GrantTag } from '#domain/grant.ts'
import {
  type GrantRecord,
  grantIndexes,
  grantKey,
  grantUseKey,
  recordEnd,
  usedRecord,
} from '#grants/grant-record.ts'
import type { Grants } from '#grants/grants.ts'
import { openGrants } from '#grants/stored-grants.ts'
import { grantTagOf } from '#grants/token-values.ts'
import { newKeyMaterial } from '#secrets/key-file.ts'
import { secretsFrom } from '#secrets/secrets.ts'
import { openSqliteStore } from '#store/sqlite.ts'
import { type Store, StoreFailure } from '#store/store.ts'
import { type FakeClock, fakeClock } from '../support/fake-clock.ts'
import { grantRecordAt } from '../support/grant-record.ts'

const secrets = secretsFrom(await newKeyMaterial(randomBytes), randomBytes)
const by = { actor: 'us1.1001', reason: 'a test' }

let clock: FakeClock
let store: Store
let grants: Grants
let commits: number
let isBroken: boolean
/** Runs when a use is about to be kept. */
let beforeKeeping: () => Promise<void>

beforeEach(() => {
  clock = fakeClock()
  const { store: real } = openSqliteStore({ path: ':memory:', clock, random: randomBytes })
  commits = 0
  isBroken = false
  beforeKeeping = () => Promise.resolve()
  store = {
    ...real,
    async commit(changes) {
      const isUse = changes.some((change) => change.kind === 'put' && change.key.startsWith('grant-use:'))
      if (!isUse) return real.commit(changes)
      if (isBroken) throw new StoreFailure('away')
      commits += 1
      await beforeKeeping()
      return real.commit(changes)
    },
  }
  grants = openGrants({ store, secrets, clock, audit: storeAudit(clock, randomBytes) })
})

const newRecord = (): GrantRecord => grantRecordAt(clock)

async function newGrant(name: string, record = newRecord()): Promise<GrantTag> {
  const tag = grantTagOf(name)
  const put = { kind: 'put', key: grantKey(tag), value: JSON.stringify(record) } as const
  await store.commit([
    { ...put, expiresAt: recordEnd(record), expected: 'absent', indexes: grantIndexes(record) },
  ])
  return tag
}

/** Some turns of the event loop later, when what was noted has been kept. */
async function settled(): Promise<void> {
  for (let turns = 0; turns < 200; turns += 1) await turn()
}

const listed = async (): Promise<readonly Pick<Connection, 'lastUsedAt' | 'lastUsedAddress'>[]> =>
  (await grants.list({})).map(({ lastUsedAt, lastUsedAddress }) => ({ lastUsedAt, lastUsedAddress }))

describe('a noted use', () => {
  test('is listed with its time and address', async () => {
    const tag = await newGrant('one')
    clock.advance(30)
    const at = clock.now()
    grants.noteUse(tag, '192.0.2.7')
    await settled()
    expect(await listed()).toEqual([{ lastUsedAt: at, lastUsedAddress: '192.0.2.7' }])
  })

  test('is kept once a minute, however many there are', async () => {
    const tag = await newGrant('one')
    for (let calls = 0; calls < 500; calls += 1) grants.noteUse(tag, `192.0.2.${calls % 200}`)
    await settled()
    clock.advance(59)
    grants.noteUse(tag, '192.0.2.8')
    await settled()
    expect(commits).toBe(1)
    clock.advance(1)
    grants.noteUse(tag, '192.0.2.9')
    await settled()
    expect(commits).toBe(2)
    expect(await listed()).toEqual([{ lastUsedAt: clock.now(), lastUsedAddress: '192.0.2.9' }])
  })

  test('is kept again when the clock was put back', async () => {
    const tag = await newGrant('one')
    grants.noteUse(tag, '192.0.2.7')
    await settled()
    clock.advance(-30)
    grants.noteUse(tag, '192.0.2.8')
    await settled()
    expect(commits).toBe(2)
  })

  test('leaves the record of its grant alone: a refresh that is under way loses nothing', async () => {
    const tag = await newGrant('one')
    const [before] = await store.read([grantKey(tag)])
    grants.noteUse(tag, '192.0.2.7')
    await settled()
    const [after] = await store.read([grantKey(tag)])
    expect(after?.version).toBe(before?.version)
  })

  test('counts no more than a later token answer', async () => {
    const tag = await newGrant('one')
    grants.noteUse(tag, '192.0.2.7')
    await settled()
    clock.advance(10)
    const [stored] = await store.read([grantKey(tag)])
    const renewed = usedRecord(JSON.parse(stored?.value ?? '') as GrantRecord, clock.now(), '192.0.2.99')
    await store.commit([
      {
        kind: 'put',
        key: grantKey(tag),
        value: JSON.stringify(renewed),
        expiresAt: recordEnd(renewed),
        expected: stored?.version ?? '',
      },
    ])
    expect(await listed()).toEqual([{ lastUsedAt: clock.now(), lastUsedAddress: '192.0.2.99' }])
  })

  test('goes with its grant', async () => {
    const tag = await newGrant('one')
    grants.noteUse(tag, '192.0.2.7')
    await settled()
    await grants.revoke(tag, by)
    expect(await store.read([grantKey(tag), grantUseKey(tag)])).toEqual([undefined, undefined])
  })

  test.each(['before it is kept', 'while it is kept'])(
    'brings no grant back that was revoked %s',
    async (when) => {
      const tag = await newGrant('one')
      grants.noteUse(tag, '192.0.2.7')
      const revoke = async (): Promise<void> => void (await grants.revoke(tag, by))
      if (when === 'before it is kept') await revoke()
      else beforeKeeping = revoke
      await settled()
      expect(await store.read([grantKey(tag), grantUseKey(tag)])).toEqual([undefined, undefined])
      expect(await listed()).toEqual([])
    },
  )

  test('of a grant that never was leaves nothing', async () => {
    grants.noteUse(grantTagOf('nobody'), '192.0.2.7')
    await settled()
    expect(commits).toBe(0)
  })

  test('that the store does not take fails nothing, and the next minute brings another', async () => {
    const tag = await newGrant('one')
    isBroken = true
    grants.noteUse(tag, '192.0.2.7')
    await settled()
    isBroken = false
    expect((await listed())[0]?.lastUsedAddress).toBeUndefined()
    clock.advance(60)
    grants.noteUse(tag, '192.0.2.8')
    await settled()
    expect((await listed())[0]?.lastUsedAddress).toBe('192.0.2.8')
  })

  test('of each of many connections is kept', async () => {
    const tags = await Promise.all(Array.from({ length: 120 }, (_, at) => newGrant(`many ${at}`)))
    for (const tag of tags) grants.noteUse(tag, '192.0.2.7')
    await settled()
    expect(new Set((await listed()).map(({ lastUsedAddress }) => lastUsedAddress))).toEqual(
      new Set(['192.0.2.7']),
    )
    expect(commits).toBe(120)
  })
})

describe('a token answer', () => {
  test('is the first use once, and the last one each time', () => {
    const created = newRecord()
    const first = usedRecord(created, created.createdAt, '192.0.2.1')
    const second = usedRecord(first, created.createdAt + 5, '192.0.2.2')
    expect(first).toMatchObject({ firstUsedAt: created.createdAt, lastUsedAddress: '192.0.2.1' })
    expect(second).toMatchObject({
      firstUsedAt: created.createdAt,
      lastUsedAt: created.createdAt + 5,
      lastUsedAddress: '192.0.2.2',
    })
  })

  test('is no first use of a record that was used before first uses were kept', () => {
    const old = { ...newRecord(), lastUsedAt: clock.now() + 1 }
    expect(usedRecord(old, clock.now() + 9, '192.0.2.1').firstUsedAt).toBeUndefined()
  })
})
