import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, done, openCalls } from './emulator-calls.ts'
import { violations } from './schema-check.ts'

/** The clock of the tests starts with a month. */
const month = 31 * 24 * 3_600

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

interface Row {
  readonly aid: string
  readonly accountGroupName: string
  readonly enterpriseAgentsUsed: number
  readonly endpointAgentsUsed: number
}

/** The enterprise agents of the month, which its rows add up to. */
async function used(): Promise<{ readonly total: number; readonly rows: readonly Row[] }> {
  const { status, body } = await calls.call('GET', '/usage', {
    query: 'expand=enterprise-agent,endpoint-agent',
  })
  expect([status, violations('Usage', body)]).toEqual([200, []])
  const {
    enterpriseAgentsUsed: total,
    enterpriseAgents: rows,
    endpointAgents,
    endpointAgentsUsed,
  } = body.usage
  const sum = (of: readonly Row[], key: 'enterpriseAgentsUsed' | 'endpointAgentsUsed'): number =>
    of.reduce((all, row) => all + row[key], 0)
  expect(sum(rows, 'enterpriseAgentsUsed')).toBe(total)
  expect(sum(endpointAgents, 'endpointAgentsUsed')).toBe(endpointAgentsUsed)
  return { total, rows }
}
const enable = (id: string, enabled: boolean) => done(calls, 'PUT', `/agents/${id}`, { body: { enabled } })

describe('agents are billed by the most that were switched on in the month', () => {
  test.each([
    ['disabled', () => enable('110201', false)],
    ['deleted', () => done(calls, 'DELETE', '/agents/110201')],
  ])('when one is %s', async (_, makeFewer) => {
    const before = await used()
    await makeFewer()
    expect(await used()).toEqual(before)
    calls.clock.advance(month)
    expect((await used()).total).toBe(before.total - 1)
  })

  test('when they are switched one after the other, and not by how many there were in all', async () => {
    const { total } = await used()
    await enable('110201', false)
    calls.clock.advance(month)
    expect((await used()).total).toBe(total - 1)
    await enable('110202', false)
    await enable('110201', true)
    expect((await used()).total).toBe(total - 1)
    await enable('110202', true)
    expect((await used()).total).toBe(total)
    await enable('110202', false)
    await enable('110201', false)
    expect((await used()).total).toBe(total)
  })

  test('by what they are licensed for', async () => {
    const [agent] = (await calls.call('GET', '/endpoint/agents')).body.agents
    const before = (await calls.call('GET', '/usage')).body.usage
    await done(calls, 'PATCH', `/endpoint/agents/${agent.id}`, { body: { licenseType: 'essentials' } })
    const after = (await calls.call('GET', '/usage')).body.usage
    expect(after.endpointAgentsUsed).toBe(before.endpointAgentsUsed)
    expect(after.endpointAgentsEssentialsUsed).toBe(before.endpointAgentsEssentialsUsed + 1)
    calls.clock.advance(month)
    const { endpointAgentsUsed } = (await calls.call('GET', '/usage')).body.usage
    expect(endpointAgentsUsed).toBe(before.endpointAgentsUsed - 1)
  })

  test('with the name of an account group that is gone', async () => {
    const before = await used()
    await done(calls, 'DELETE', '/account-groups/1102')
    const { total, rows } = await used()
    expect(total).toBe(before.total)
    expect(rows).toContainEqual(expect.objectContaining({ aid: '1102', accountGroupName: 'Acme Branches' }))
    calls.clock.advance(month)
    expect((await used()).rows.map(({ aid }) => aid)).toEqual(['1101'])
  })

  test('after a restart too', async () => {
    const before = await used()
    await enable('110201', false)
    calls = await openCalls(calls)
    expect(await used()).toEqual(before)
  })

  test('of the organization alone', async () => {
    const other = async () => (await calls.call('GET', '/usage', { as: 'us2.2001' })).body.usage
    const before = await other()
    await enable('110201', false)
    calls.clock.advance(1)
    expect((await other()).enterpriseAgentsUsed).toBe(before.enterpriseAgentsUsed)
  })
})
