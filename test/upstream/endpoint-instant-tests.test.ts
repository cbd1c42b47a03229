import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, type Came, openCalls, origin, viewer } from './emulator-calls.ts'
import { violations } from './schema-check.ts'

const scheduled = '/endpoint/tests/scheduled-tests'
const laptop = '3fde6422-f119-40e1-ae32-000000001101'

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const kinds = [
  [
    'agent-to-server',
    { testName: 'Reach now', server: 'x.example', port: 8443 },
    'EndpointAgentToServerTest',
  ],
  ['http-server', { testName: 'Fetch now', url: 'https://x.example/y' }, 'EndpointHttpServerTest'],
] as const

describe.each(kinds)('an instant %s test of endpoint agents', (type, body, schema) => {
  const create = (more: object = {}, options: object = {}): Promise<Came> =>
    calls.call('POST', `${scheduled}/${type}/instant`, { body: { ...body, ...more }, ...options })
  const results = (testId: string, query = ''): Promise<Came> =>
    calls.call('GET', `/endpoint/test-results/scheduled-tests/${testId}/path-vis`, { query })

  test('is created in the form of the document, can be read, and stands in no list', async () => {
    const created = await create()
    expect(created.status).toBe(201)
    expect(violations(schema, created.body)).toEqual([])
    expect(created.body).toMatchObject({ testName: body.testName, type, aid: '1101' })
    const one = `${scheduled}/${type}/${created.body.testId}`
    expect(created.headers['location']).toBe(`${origin}/v7${one}`)
    expect((await calls.call('GET', one)).body).toEqual(created.body)
    for (const list of [scheduled, `${scheduled}/${type}`])
      expect((await calls.call('GET', list)).text).not.toContain(created.body.testId)
    expect((await calls.call('DELETE', one)).status).toBe(204)
    expect((await results(created.body.testId)).status).toBe(404)
  })

  test('measures once, when it is created and whenever it is run again', async () => {
    const { testId } = (await create({ agentSelectorType: 'specific-agents', agents: [laptop] })).body
    const roundsOf = async (): Promise<unknown> =>
      (await results(testId, 'window=1d')).body.results.map(({ roundId }: { roundId: number }) => roundId)
    expect(await roundsOf()).toEqual([1_893_456_000])
    calls.clock.advance(1000)
    expect(await roundsOf()).toEqual([1_893_456_000])
    const run = await calls.call('POST', `${scheduled}/${testId}/run`)
    expect(run).toMatchObject({ status: 200, headers: { 'content-type': 'application/json;charset=UTF-8' } })
    expect(violations('EndpointRunScheduledInstantTestResult', run.body)).toEqual([])
    expect(run.body.message).toContain(testId)
    expect(await roundsOf()).toEqual([1_893_457_000, 1_893_456_000])
  })

  test('is run in its account group alone, by those who may edit endpoint tests', async () => {
    const { testId } = (await create()).body
    const run = `${scheduled}/${testId}/run`
    expect((await calls.call('POST', run, { aid: '1102' })).status).toBe(404)
    expect((await calls.call('POST', run, { as: viewer })).status).toBe(403)
    expect((await create({}, { as: viewer })).status).toBe(403)
  })

  test.each([
    { testName: null },
    { url: null, server: null },
    { agentSelectorType: 'specific-agents', agents: [] },
    { agentSelectorType: 'some' },
    { agents: ['7'] },
    { maxMachines: 'many' },
  ])('is refused with %o', async (more) => {
    expect((await create(more)).status).toBe(400)
  })
})

test('scheduled tests and unknown ones are not run', async () => {
  for (const testId of ['110401', '110402', '110403', '9'])
    expect((await calls.call('POST', `${scheduled}/${testId}/run`)).status).toBe(404)
})
