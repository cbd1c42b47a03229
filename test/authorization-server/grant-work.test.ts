import { randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { storeAudit } from '#audit/store-audit.ts'
import { type GrantWork, grantWork } from '#authorization-server/grant-work.ts'
import { type UnitsOfWork, unitsOfWork } from '#authorization-server/unit-of-work.ts'
import type { GrantTag } from '#domain/grant.ts'
import { type GrantRecord, grantKey, readGrantRecord } from '#grants/grant-record.ts'
import { grantTagOf } from '#grants/token-values.ts'
import { openSqliteStore } from '#store/sqlite.ts'
import type { Store } from '#store/store.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { grantRecordAt } from '../support/grant-record.ts'

const clock = fakeClock()
const keep = (): boolean => true
const seconds = (): number => Math.floor(clock.now() / 1000)

/** Confirmed, and its code not yet exchanged. */
function newRecord(): GrantRecord {
  const pending = { endsAt: clock.now() + 3_600_000, pendingUntil: clock.now() + 600_000 }
  const { refresh: _, ...record } = grantRecordAt(clock, { scopes: ['tests:read'], ...pending })
  return record
}
const withToken = (record: GrantRecord, name: string): GrantRecord => ({
  ...record,
  access: [...record.access, { hash: name, exp: seconds() + 300, payload: {} }],
})

let store: Store
let units: UnitsOfWork
let work: GrantWork
let count = 0

beforeEach(() => {
  store = openSqliteStore({ path: ':memory:', clock, random: randomBytes }).store
  units = unitsOfWork(store)
  work = grantWork(units, storeAudit(clock, randomBytes), clock)
})

async function newGrant(): Promise<GrantTag> {
  count += 1
  const tag = grantTagOf(`grant ${count}`)
  expect(await units.run(async () => work.create(tag, newRecord()), keep)).toBe('committed')
  return tag
}
async function recordOf(tag: GrantTag): Promise<GrantRecord | undefined> {
  const [stored] = await store.read([grantKey(tag)])
  return stored && readGrantRecord(stored)
}
/** Entries of one millisecond have no order, and here the clock stands still. */
const events = async (tag: GrantTag): Promise<readonly string[]> =>
  (await store.list('audit'))
    .map(({ value }) => JSON.parse(value) as { event: string; grant: string })
    .filter(({ grant }) => grant === tag)
    .map(({ event }) => event)
    .sort()
/** As a request that takes some turns of the event loop. */
const turns = async (many: number): Promise<void> => {
  for (let turn = 0; turn < many; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

describe('grant work', () => {
  test('finds a created grant under its user, and writes one record of its beginning', async () => {
    const tag = await newGrant()
    for (const index of ['grants', 'grants-of-user:us1.1001'])
      expect((await store.list(index)).map(({ key }) => key)).toEqual([grantKey(tag)])
    expect(await events(tag)).toEqual(['grant-created'])
  })

  test('never creates over a grant that is there', async () => {
    const tag = await newGrant()
    expect(await units.run(async () => work.create(tag, newRecord()), keep)).toBe('conflict')
    expect(await events(tag)).toEqual(['grant-created'])
  })

  test('sees its own changes, and nobody else does before the commit', async () => {
    const tag = await newGrant()
    await units.run(async () => {
      await work.load(tag)
      work.change(tag, (record) => withToken(record, 'mine'))
      expect((await work.load(tag))?.access).toHaveLength(1)
      expect((await recordOf(tag))?.access).toHaveLength(0)
    }, keep)
    expect((await recordOf(tag))?.access).toHaveLength(1)
  })

  test('loads once for parallel readers of one request', async () => {
    const tag = await newGrant()
    await units.run(async () => {
      const [one, other] = await Promise.all([work.load(tag), work.load(tag)])
      expect(one).toBe(other)
    }, keep)
  })

  test('changes nothing of a grant that it has not loaded, or that is gone', async () => {
    const tag = await newGrant()
    await units.run(async () => work.change(tag, (record) => withToken(record, 'unseen')), keep)
    await units.run(async () => {
      await work.destroy(tag, 'grant-revoked')
      work.change(tag, (record) => withToken(record, 'late'))
      expect(await work.load(tag)).toBeUndefined()
    }, keep)
    expect(await recordOf(tag)).toBeUndefined()
  })

  test('ends a grant once, however many ask for it in one request, with one record of it', async () => {
    const tag = await newGrant()
    await units.run(async () => {
      await Promise.all(Array.from({ length: 4 }, () => work.destroy(tag, 'code-replay-detected')))
    }, keep)
    expect(await recordOf(tag)).toBeUndefined()
    expect(await events(tag)).toEqual(['code-replay-detected', 'grant-created'])
    await units.run(() => work.destroy(tag, 'grant-revoked'), keep)
    expect(await events(tag)).toHaveLength(2)
  })

  test('takes a change back when the grant ends in the same request', async () => {
    const tag = await newGrant()
    await units.run(async () => {
      await work.load(tag)
      work.change(tag, (record) => withToken(record, 'soon dead'))
      await work.destroy(tag, 'grant-revoked')
    }, keep)
    expect(await recordOf(tag)).toBeUndefined()
  })

  test('drops expired access tokens and keeps the five newest', async () => {
    const tag = await newGrant()
    for (let index = 0; index < 7; index += 1)
      await units.run(async () => {
        await work.load(tag)
        work.change(tag, (record) => withToken(record, `token ${index}`))
      }, keep)
    expect((await recordOf(tag))?.access.map(({ hash }) => hash)).toEqual(
      [2, 3, 4, 5, 6].map((index) => `token ${index}`),
    )
    clock.advance(301)
    await units.run(async () => {
      await work.load(tag)
      work.change(tag, (record) => withToken(record, 'new'))
    }, keep)
    expect((await recordOf(tag))?.access.map(({ hash }) => hash)).toEqual(['new'])
  })
})

describe('a change that races with the end of its grant, reliability I2', () => {
  test('never brings the grant back, in 200 rounds of every order', async () => {
    const outcomes = new Set<string>()
    for (let round = 0; round < 200; round += 1) {
      const tag = await newGrant()
      const changing = units.run(async () => {
        await turns(round % 3)
        if (!(await work.load(tag))) return
        await turns(round % 5)
        work.change(tag, (record) => withToken(record, 'late'))
      }, keep)
      const ending = units.run(async () => {
        await turns(round % 4)
        await work.destroy(tag, 'grant-revoked')
      }, keep)
      const [changed, ended] = await Promise.all([changing, ending])
      expect(ended).toBe('committed')
      outcomes.add(changed)
      expect(await recordOf(tag)).toBeUndefined()
      const listed = await store.list('grants')
      expect(listed).toEqual([])
      expect(await events(tag)).toEqual(['grant-created', 'grant-revoked'])
    }
    // Else nothing raced.
    expect([...outcomes].sort()).toEqual(['committed', 'conflict'])
  })

  test('of twenty parallel changes one is kept', async () => {
    const tag = await newGrant()
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        units.run(async () => {
          await work.load(tag)
          await turns(1)
          work.change(tag, (record) => withToken(record, `twin ${index}`))
        }, keep),
      ),
    )
    expect(outcomes.filter((outcome) => outcome === 'committed')).toHaveLength(1)
    expect((await recordOf(tag))?.access.map(({ hash }) => hash)).toEqual([
      `twin ${outcomes.indexOf('committed')}`,
    ])
  })
})
