import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, done, openCalls, viewer } from './emulator-calls.ts'
import { violations } from './schema-check.ts'

interface LocalProblem {
  readonly agent: { readonly agentId: string }
  readonly startDate: string
  readonly endDate: string | null
  readonly duration: number
  readonly active: boolean
}

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const list = async (query = ''): Promise<readonly LocalProblem[]> => {
  const body = await done(calls, 'GET', '/agents/local-problems', { query, as: viewer })
  expect(violations('LocalProblemAgentResults', body)).toEqual([])
  return body.localProblems
}

const seconds = (date: string | null): number => Date.parse(date ?? '') / 1000

describe('local problems of cloud agents', () => {
  test('are those of a range, the youngest first, the same ones each time, and of cloud agents alone', async () => {
    const all = await list('window=30d')
    expect(all.length).toBeGreaterThan(20)
    expect(await list('window=30d')).toEqual(all)
    const starts = all.map(({ startDate }) => startDate)
    expect(starts).toEqual(starts.toSorted().toReversed())
    const { agents } = await done(calls, 'GET', '/agents', { query: 'agentTypes=cloud' })
    const cloud = new Set(agents.map(({ agentId }: { agentId: string }) => agentId))
    expect(all.filter(({ agent }) => !cloud.has(agent.agentId))).toEqual([])
    for (const { startDate, endDate, duration, active } of all.filter((one) => !one.active))
      expect([seconds(endDate) - seconds(startDate), active]).toEqual([duration, false])
  })

  test('of a range are those that were there at some time of it', async () => {
    const [one] = (await list('window=30d')).filter(({ active }) => !active)
    const at = (from: number, to: number) => {
      const iso = (second: number) => new Date(second * 1000).toISOString()
      return list(`startDate=${iso(from)}&endDate=${iso(to)}`)
    }
    const [start, end] = [seconds(one?.startDate ?? null), seconds(one?.endDate ?? null)]
    expect(await at(start + 60, start + 61)).toContainEqual(one)
    expect(await at(start - 60, start)).toContainEqual(one)
    expect(await at(start - 120, start - 60)).not.toContainEqual(one)
    expect(await at(end, end + 60)).not.toContainEqual(one)
  })

  test('without a range are those that go on, which have no end until they are over', async () => {
    let active: readonly LocalProblem[] = []
    for (let round = 0; round < 2_000 && active.length === 0; round += 1) {
      calls.clock.advance(60)
      active = await list()
    }
    const [one] = active
    expect(one).toMatchObject({ active: true, endDate: null })
    expect(one?.duration).toBe(Math.floor(calls.clock.now() / 1000) - seconds(one?.startDate ?? null))
    calls.clock.advance(8 * 3600)
    expect((await list()).map(({ startDate }) => startDate)).not.toContain(one?.startDate)
    const later = (await list('window=1d')).find(
      ({ agent, startDate }) => agent.agentId === one?.agent.agentId && startDate === one.startDate,
    )
    expect(later).toMatchObject({ active: false })
  })

  test('refuse a window beside a start', async () => {
    const query = 'window=1h&startDate=2029-12-25T00:00:00Z'
    expect((await calls.call('GET', '/agents/local-problems', { query })).status).toBe(400)
  })
})
