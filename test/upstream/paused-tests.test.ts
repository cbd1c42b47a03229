import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls } from './emulator-calls.ts'
import { allRows, type ResultRow } from './result-calls.ts'
import {
  cloudAndEnterprise,
  endpoint,
  hour,
  isoAt,
  leftBehind,
  minute,
  recordOf,
  scheduleCalls,
  start,
} from './schedule-calls.ts'

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

describe.each([cloudAndEnterprise, endpoint])('$name', (world) => {
  const { create, change, off, on, rowsOf, rounds } = scheduleCalls(world, () => calls)
  const resultsPath = (id: string): string => `${world.resultsPath}/${id}/${world.results}`
  const stored = (id: string) => recordOf(calls, [world.collection, id])
  const runsOf = async (id: string) => JSON.parse((await stored(id)).value).fields.runs
  /** Writes the fields of a test as another version of Panoptes left them, and opens the state anew. */
  async function leave(id: string, to: (fields: Record<string, unknown>) => object): Promise<void> {
    calls = await leftBehind(calls, [world.collection, id], to)
  }

  test('keeps what it measured while it is switched off, and goes on with the next round', async () => {
    const id = await create()
    calls.clock.advance(150)
    const before = await rowsOf(id)
    await off(id)
    expect(await rowsOf(id)).toEqual(before)
    calls.clock.advance(200)
    expect(await rowsOf(id)).toEqual(before)
    await on(id)
    expect(await rowsOf(id)).toEqual(before)
    calls.clock.advance(100)
    expect(await rounds(id)).toEqual([0, 60, 120, 360, 420])
    expect((await rowsOf(id)).filter(({ roundId }) => roundId <= start + 120)).toEqual(before)
  })

  test('shows its last round while it is switched off, when no time is asked for', async () => {
    const id = await create()
    calls.clock.advance(150)
    await off(id)
    calls.clock.advance(hour)
    expect(await rounds(id, '')).toEqual([120])
  })

  test('has no rounds in a span that lies in a pause', async () => {
    const id = await create()
    calls.clock.advance(150)
    await off(id)
    calls.clock.advance(hour)
    await on(id)
    calls.clock.advance(minute)
    expect(await rounds(id, `startDate=${isoAt(151)}&endDate=${isoAt(150 + hour)}`)).toEqual([])
    expect(await rounds(id, `startDate=${isoAt(125)}&endDate=${isoAt(150 + hour)}`)).toEqual([120])
    expect(await rounds(id, `startDate=${isoAt(0)}&endDate=${isoAt(90)}`)).toEqual([0, 60])
  })

  test('has pages that hold each round once though it is switched off between them', async () => {
    const id = await create()
    calls.clock.advance(5 * hour)
    const path = resultsPath(id)
    const first = await calls.call('GET', path, { query: 'window=1d' })
    await off(id)
    calls.clock.advance(hour)
    await on(id)
    calls.clock.advance(hour)
    const next = new URL(first.body._links.next.href)
    const rest = await allRows(calls, path, next.searchParams.toString())
    const seen = [...first.body.results, ...rest].map(
      ({ roundId, agent, agentId }: ResultRow) => `${agentId ?? agent.agentId} ${roundId}`,
    )
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen.length).toBe((5 * 60 + 1) * world.agents.length)
  })

  test('keeps the rounds of the interval that it had', async () => {
    const id = await create()
    calls.clock.advance(200)
    const before = await rowsOf(id)
    await change(id, { interval: 300 })
    expect(await rowsOf(id)).toEqual(before)
    calls.clock.advance(600)
    await change(id, { interval: 120 })
    calls.clock.advance(200)
    expect(await rounds(id)).toEqual([0, 60, 120, 180, 300, 600, 840, 960])
  })

  test('reads its rounds one by one, and none of a pause', async () => {
    const id = await create()
    calls.clock.advance(90)
    await off(id)
    calls.clock.advance(300)
    await on(id)
    calls.clock.advance(60)
    const [agent] = world.agents
    const of = async (round: number): Promise<number> => {
      const path = `${world.resultsPath}/${id}/path-vis/agent/${agent}/round/${start + round}`
      return (await calls.call('GET', path)).status
    }
    expect([await of(60), await of(120), await of(360), await of(420), await of(480)]).toEqual([
      200, 404, 404, 200, 404,
    ])
  })

  test('shows nothing of it in answers, and takes nothing of it from a body', async () => {
    const id = await create()
    const runs = [{ interval: 60, from: 0 }]
    await change(id, { [world.key]: false, runs })
    calls.clock.advance(minute)
    expect(await rounds(id)).toEqual([0])
    expect(await runsOf(id)).toEqual([{ interval: 60, from: start, to: start }])
    const paths = [world.path, `${world.path}/${id}`, resultsPath(id)]
    for (const path of [...paths, ...(world.key === 'enabled' ? ['/tests', `/tests/${id}/history`] : [])])
      expect((await calls.call('GET', path)).text).not.toContain('"runs"')
  })

  test('that an earlier version switched off before this one kept anything has what comes from then on', async () => {
    const id = await create()
    calls.clock.advance(150)
    await leave(id, ({ runs: _, ...fields }) => ({ ...fields, [world.key]: false }))
    expect(await rounds(id)).toEqual([])
    await on(id)
    calls.clock.advance(100)
    expect(await rounds(id)).toEqual([180, 240])
  })

  test('that an earlier version changed in between follows its fields from then on', async () => {
    const id = await create()
    calls.clock.advance(90)
    await off(id)
    calls.clock.advance(90)
    await on(id)
    calls.clock.advance(90)
    const modifiedDate = new Date(calls.clock.now()).toISOString()
    await leave(id, (fields) => ({ ...fields, [world.key]: false, modifiedDate }))
    calls.clock.advance(90)
    expect(await rounds(id)).toEqual([0, 60, 240])
    await on(id)
    calls.clock.advance(90)
    expect(await rounds(id)).toEqual([0, 60, 240, 420])
  })

  test('is the same in another process', async () => {
    const id = await create()
    calls.clock.advance(90)
    await off(id)
    calls.clock.advance(90)
    await on(id)
    calls.clock.advance(90)
    const before = await rowsOf(id)
    calls = await openCalls(calls)
    expect(await rowsOf(id)).toEqual(before)
  })

  test('is not changed by being switched off and on within one instant', async () => {
    const id = await create()
    for (let times = 0; times < 20; times += 1) {
      await off(id)
      await on(id)
    }
    calls.clock.advance(90)
    for (let times = 0; times < 20; times += 1) {
      await off(id)
      await on(id)
    }
    await off(id)
    expect(await rounds(id)).toEqual([0, 60])
    expect(await runsOf(id)).toHaveLength(1)
  })

  test('begins anew where the clock is set back to, and keeps what was before', async () => {
    const id = await create()
    calls.clock.advance(100)
    await off(id)
    calls.clock.advance(100)
    await on(id)
    calls.clock.advance(200)
    expect(await rounds(id)).toEqual([0, 60, 240, 300, 360])
    calls.clock.advance(-250)
    expect(await rounds(id)).toEqual([0, 60])
    await off(id)
    calls.clock.advance(250)
    expect(await rounds(id)).toEqual([0, 60])
    calls.clock.advance(-hour)
    await on(id)
    calls.clock.advance(130)
    expect(await rounds(id, 'window=2h')).toEqual([-3_180, -3_120])
  })

  test('forgets moments that no round fell into', async () => {
    const id = await create()
    for (let times = 0; times < 300; times += 1) {
      calls.clock.advance(20)
      await (times % 2 === 0 ? off(id) : on(id))
    }
    // It was on when every other minute began, and is now.
    const had = Array.from({ length: 50 }, (_, index) => minute + 2 * minute * index)
    expect(await rounds(id)).toEqual([0, ...had])
    expect(await runsOf(id)).toHaveLength(1 + had.length + 1)
  })

  test('remembers its youngest runs, and no more of them than a bound', async () => {
    const id = await create()
    for (let times = 0; times < 600; times += 1) {
      calls.clock.advance(minute + 1)
      await (times % 2 === 0 ? off(id) : on(id))
    }
    expect(await runsOf(id)).toHaveLength(200)
    expect((await stored(id)).value.length).toBeLessThan(12_000)
    const had = await rounds(id, 'window=2d')
    expect(had.length).toBeGreaterThanOrEqual(199)
    expect(had.at(-1)).toBeGreaterThan(600 * minute - 2 * minute)
  })
})
