import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { storeAudit, storeAuditTrail } from '#audit/store-audit.ts'
import { openSqliteStore } from '#store/sqlite.ts'
import { fakeClock } from '../support/fake-clock.ts'

const openAudit = () => {
  const clock = fakeClock()
  const { store } = openSqliteStore({ path: ':memory:', clock, random: randomBytes })
  const audit = storeAudit(clock, randomBytes)
  const record = (actors: readonly string[]) =>
    store.commit(actors.map((actor) => audit.entry({ event: 'sign-in', actor })))
  return { clock, record, trail: storeAuditTrail(store, clock) }
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
  expect(new Set(events.map(({ actor }) => actor)).size).toBe(actors.length)
})

test('the trail ends after 90 days', async () => {
  const { clock, record, trail } = openAudit()
  await record(['one'])
  clock.advance(90 * 86_400)
  expect(await trail.between(0, clock.now())).toEqual([])
})
