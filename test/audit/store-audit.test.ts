import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { storeAudit, storeAuditTrail } from '#audit/store-audit.ts'
import { userIdOf } from '#domain/user.ts'
import { openSqliteStore } from '#store/sqlite.ts'
import { fakeClock } from '../support/fake-clock.ts'

const openAudit = () => {
  const clock = fakeClock()
  const { store } = openSqliteStore({ path: ':memory:', clock, random: randomBytes })
  const audit = storeAudit(clock, randomBytes)
  const record = (actors: readonly string[]) =>
    store.commit(actors.map((actor) => audit.entry({ event: 'sign-in', actor })))
  return { clock, audit, store, record, trail: storeAuditTrail(store, clock) }
}

test('the trail of a span of time is in order, with both of its ends', async () => {
  const { clock, record, trail } = openAudit()
  const start = clock.now()
  for (const actor of ['one', 'two', 'three', 'four']) {
    await record([actor])
    clock.advance(1)
  }
  const events = await trail.between(start + 1000, start + 2000)
  expect(events).toEqual([
    { event: 'sign-in', actor: 'two', at: start + 1000 },
    { event: 'sign-in', actor: 'three', at: start + 2000 },
  ])
  expect(await trail.between(0, start - 1)).toEqual([])
})

test('the trail is read whole, however long it is', async () => {
  const { clock, record, trail } = openAudit()
  const actors = Array.from({ length: 2_100 }, (_, index) => `user ${index}`)
  await record(actors)
  const events = await trail.between(clock.now(), clock.now())
  // All of one millisecond, and in the order in which they were made.
  expect(events.map(({ actor }) => actor)).toEqual(actors)
})

test('the trail ends after 90 days', async () => {
  const { clock, record, trail } = openAudit()
  await record(['one'])
  clock.advance(90 * 86_400)
  expect(await trail.between(0, clock.now())).toEqual([])
})

describe('the newest events of a user', () => {
  const [one, two] = [userIdOf('us1', '1'), userIdOf('us1', '2')]

  test('are those that name the user or that the user caused, newest first, and no other’s', async () => {
    const { audit, store, trail, clock } = openAudit()
    await store.commit([audit.entry({ event: 'sign-in', actor: one })])
    clock.advance(1)
    await store.commit([audit.entry({ event: 'grant-revoked', actor: 'operator', userId: one })])
    await store.commit([audit.entry({ event: 'sign-in', actor: two })])
    await store.commit([audit.entry({ event: 'grant-revoked', actor: one, userId: two })])
    await store.commit([audit.entry({ event: 'sign-in-refused', actor: 'us1.1x' })])
    const events = await trail.newestOf(one, 50)
    expect(events.map(({ event, actor }) => [event, actor])).toEqual([
      ['grant-revoked', 'operator'],
      ['sign-in', one],
    ])
  })

  test.each([0.5, 3, 12, 60, 200, 2_000])('are found when the last was %d hours ago', async (hours) => {
    const { audit, store, trail, clock } = openAudit()
    for (const detail of ['a', 'b', 'c']) {
      await store.commit([audit.entry({ event: 'sign-in', actor: one, detail })])
      clock.advance(60)
    }
    clock.advance(hours * 3_600)
    expect((await trail.newestOf(one, 2)).map(({ detail }) => detail)).toEqual(['c', 'b'])
    expect(await trail.newestOf(one, 50)).toHaveLength(3)
  })

  test('are the last of thousands', async () => {
    const { audit, store, trail, clock } = openAudit()
    for (let round = 0; round < 3; round += 1) {
      await store.commit(
        Array.from({ length: 800 }, () => audit.entry({ event: 'sign-in-refused', actor: 'x', userId: one })),
      )
      clock.advance(1)
    }
    await store.commit([audit.entry({ event: 'sign-in', actor: one })])
    const events = await trail.newestOf(one, 50)
    expect(events).toHaveLength(50)
    expect(events[0]?.event).toBe('sign-in')
  })

  test('are read without those of others', async () => {
    const { audit, store, clock } = openAudit()
    const asked: string[] = []
    const watched = {
      ...store,
      list: (index: string, options?: object) => {
        asked.push(index)
        return store.list(index, options)
      },
    }
    await store.commit([audit.entry({ event: 'sign-in', actor: one })])
    await storeAuditTrail(watched, clock).newestOf(one, 50)
    expect(new Set(asked)).toEqual(new Set([`audit-of-user:${one}`]))
  })
})
