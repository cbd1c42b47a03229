import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls } from './emulator-calls.ts'
import { pagesOf } from './paged-calls.ts'
import { violations } from './schema-check.ts'

interface Row {
  readonly agentId: string
  readonly roundId: number
}

const now = 1_893_456_000
const laptop = '3fde6422-f119-40e1-ae32-000000001101'

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const kinds = [
  ['scheduled-tests/110401', 'PathVisEndpointTestResults', 'PathVisDetailEndpointTestResults'],
  ['scheduled-tests/110402', 'PathVisEndpointTestResults', 'PathVisDetailEndpointTestResults'],
  ['dynamic-tests/110403', 'PathVisDynamicEndpointTestResults', 'PathVisDetailDynamicEndpointTestResults'],
] as const

describe.each(kinds)('path visualization of %s', (place, schema, detailSchema) => {
  const path = `/endpoint/test-results/${place}/path-vis`

  test('shows the most recent round of every agent, in the form of the document', async () => {
    const { status, body } = await calls.call('GET', path)
    expect(status).toBe(200)
    expect(violations(schema, body)).toEqual([])
    expect(body.results.map(({ roundId }: Row) => roundId)).toEqual([now, now, now])
    expect(new Set(body.results.map(({ agentId }: Row) => agentId)).size).toBe(3)
    expect(body.test.testId).toBe(place.split('/')[1])
    expect((await calls.call('GET', path)).body).toEqual(body)
  })

  test('covers a window, page by page', async () => {
    const first = await calls.call('GET', path, { query: 'window=4h' })
    expect(first.body).toMatchObject({ startDate: '2029-12-31T20:00:00Z', endDate: '2030-01-01T00:00:00Z' })
    const rows = (await pagesOf(calls, first, 'results')).flat() as readonly Row[]
    expect(new Set(rows.map(({ agentId, roundId }) => `${agentId} ${roundId}`)).size).toBe(rows.length)
    expect(rows.at(-1)?.roundId).toBe(now - 4 * 3_600)
  })

  test('shows one round of one agent hop by hop', async () => {
    const [summary] = (await calls.call('GET', path)).body.results
    const { status, body } = await calls.call('GET', `${path}/agent/${laptop}/round/${now}`)
    expect(status).toBe(200)
    expect(violations(detailSchema, body)).toEqual([])
    expect(body.results[0].pathTraces[0].pathId).toBe(summary.pathTraces[0].pathId)
    expect(body.results[0].pathTraces[0].hops).toHaveLength(summary.pathTraces[0].numberOfHops)
    for (const rest of [
      `agent/x/round/${now}`,
      `agent/${laptop}/round/${now + 1}`,
      `agent/${laptop}/round/9`,
    ])
      expect((await calls.call('GET', `${path}/${rest}`)).status).toBe(404)
  })

  test('is not found in other account groups, and the other kind of tests does not know it', async () => {
    expect((await calls.call('GET', path, { aid: '1102' })).status).toBe(404)
    const other = place.startsWith('dynamic')
      ? path.replace('dynamic', 'scheduled')
      : path.replace('scheduled', 'dynamic')
    expect((await calls.call('GET', other)).status).toBe(404)
  })
})

describe('GET /endpoint/test-results/scheduled-tests/{testId}/http-server', () => {
  const path = '/endpoint/test-results/scheduled-tests/110402/http-server'

  test('shows the timings of every agent, in the form of the document, and counts all rows', async () => {
    const { body } = await calls.call('GET', path, { query: 'window=1h&expand=header,user-profile' })
    expect(violations('HttpEndpointTestResults', body)).toEqual([])
    expect(body.totalHits).toBe(13 * 3)
    expect(body.results[0]).toMatchObject({ userProfile: { userName: 'ada' }, headers: expect.anything() })
  })

  test('is not found for a test of the network', async () => {
    expect((await calls.call('GET', path.replace('110402', '110401'))).status).toBe(404)
  })
})

test('agents measure what selects them, and no more once they are disabled', async () => {
  const body = {
    testName: 'One',
    server: 'x.example',
    agentSelectorType: 'specific-agents',
    agents: [laptop],
  }
  const { testId } = (await calls.call('POST', '/endpoint/tests/scheduled-tests/agent-to-server', { body }))
    .body
  const rows = async (): Promise<readonly Row[]> =>
    (await calls.call('GET', `/endpoint/test-results/scheduled-tests/${testId}/path-vis`)).body.results
  expect((await rows()).map(({ agentId }) => agentId)).toEqual([laptop])
  const before = await rows()
  await calls.call('POST', `/endpoint/agents/${laptop}/disable`)
  calls.clock.advance(3_600)
  expect(await rows()).toEqual(before)
})
