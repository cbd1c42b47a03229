import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls, origin, viewer } from './emulator-calls.ts'
import { violations } from './schema-check.ts'

const laptop = '3fde6422-f119-40e1-ae32-000000001101'

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const kinds = [
  [
    '/endpoint/tests/scheduled-tests/agent-to-server',
    { testName: 'Reach', server: 'x.example', port: 8443, protocol: 'tcp' },
    ['EndpointAgentToServerTest', 'EndpointAgentToServerTests'],
  ],
  [
    '/endpoint/tests/scheduled-tests/http-server',
    { testName: 'Fetch', url: 'https://x.example:8443/y', targetResponseTime: 900 },
    ['EndpointHttpServerTest', 'EndpointHttpServerTests'],
  ],
  [
    '/endpoint/tests/dynamic-tests/agent-to-server',
    { testName: 'Meetings', application: 'zoom' },
    ['DynamicTest', 'DynamicTests'],
  ],
] as const

describe.each(kinds)('%s', (path, body, [schema, listSchema]) => {
  test('creates, reads, changes, lists and deletes, in the form of the document', async () => {
    const created = await calls.call('POST', path, { body })
    expect(created.status).toBe(201)
    expect(violations(schema, created.body)).toEqual([])
    expect(created.body).toMatchObject({
      testName: body.testName,
      aid: '1101',
      interval: 60,
      isEnabled: true,
      agentSelectorConfig: { agentSelectorType: 'all-agents', maxMachines: 25 },
    })
    const one = `${path}/${created.body.testId}`
    expect(created.headers['location']).toBe(`${origin}/v7${one}`)
    expect(created.body._links.self.href).toBe(`${origin}/v7${one}`)
    calls.clock.advance(60)
    const changed = await calls.call('PATCH', one, { body: { isEnabled: false, interval: 300 } })
    expect(changed.status).toBe(200)
    expect(violations(schema, changed.body)).toEqual([])
    expect(changed.body).toMatchObject({ testName: body.testName, isEnabled: false, interval: 300 })
    expect(changed.body.modifiedDate).not.toBe(created.body.modifiedDate)
    expect((await calls.call('GET', one)).body).toEqual(changed.body)
    const list = await calls.call('GET', path)
    expect(violations(listSchema, list.body)).toEqual([])
    expect(list.body.tests.map(({ testId }: { testId: string }) => testId)).toContain(created.body.testId)
    expect((await calls.call('DELETE', one)).status).toBe(204)
    expect((await calls.call('GET', one)).status).toBe(404)
  })

  test('selects agents by what its selector names', async () => {
    const chosen = await calls.call('POST', path, {
      body: { ...body, agentSelectorType: 'specific-agents', agents: [laptop] },
    })
    expect(violations(schema, chosen.body)).toEqual([])
    expect(chosen.body.agentSelectorConfig).toEqual({
      agentSelectorType: 'specific-agents',
      maxMachines: 25,
      agents: [laptop],
    })
    for (const selector of [
      { agentSelectorType: 'specific-agents' },
      { agentSelectorType: 'specific-agents', agents: ['3fde6422-f119-40e1-ae32-000000002101'] },
      { agentSelectorType: 'agent-tags', tagIds: [] },
      { agentSelectorType: 'agent-tags', tagIds: ['e9c3bf02-a48c-4aa8-9e5f-898800d6f569'] },
      { agentSelectorType: 'some-agents' },
    ])
      expect((await calls.call('POST', path, { body: { ...body, ...selector } })).status).toBe(400)
  })

  test('is written by those who may edit endpoint tests, and seen in its account group alone', async () => {
    expect((await calls.call('POST', path, { body, as: viewer })).status).toBe(403)
    const { testId } = (await calls.call('POST', path, { body })).body
    expect((await calls.call('GET', `${path}/${testId}`, { as: viewer })).status).toBe(200)
    expect((await calls.call('GET', `${path}/${testId}`, { aid: '1102' })).status).toBe(404)
    for (const [other] of kinds)
      if (other !== path) expect((await calls.call('GET', `${other}/${testId}`)).status).toBe(404)
  })

  test('demands its name', async () => {
    expect((await calls.call('POST', path, { body: { ...body, testName: null } })).status).toBe(400)
  })
})

test('HTTP tests take server and port from their URL and give no password back', async () => {
  const [, [path, body]] = kinds
  const { body: shown } = await calls.call('POST', path, {
    body: { ...body, authType: 'ntlm', username: 'u', password: 'p' },
  })
  expect(shown).toMatchObject({
    server: 'x.example',
    port: 8443,
    httpTargetTime: 900,
    useNtlm: true,
    username: 'u',
  })
  expect(JSON.stringify(shown)).not.toContain('"p"')
  const moved = await calls.call('PATCH', `${path}/${shown.testId}`, { body: { url: 'http://z.example' } })
  expect(moved.body).toMatchObject({ server: 'z.example', port: 80, httpTargetTime: 900 })
})

test.each(['no url', 'a.example:99999999999999999999999'])(
  'an HTTP test of %s, no URL, has a port all the same, and so have its results',
  async (url) => {
    const [, [path, body]] = kinds
    const made = await calls.call('POST', path, { body: { ...body, url } })
    expect([made.status, made.body.server, made.body.port]).toEqual([201, url.split(':')[0], 443])
    calls.clock.advance(3_600)
    const results = `/endpoint/test-results/scheduled-tests/${made.body.testId}/http-server`
    const [row] = (await calls.call('GET', results)).body.results
    expect(row.originalTargetProfile.remotePort).toBe(443)
  },
)

test.each([99, 5_001])('HTTP tests refuse the target of %i ms, which no answer may show', async (target) => {
  const [, [path, body]] = kinds
  const refused = await calls.call('POST', path, { body: { ...body, targetResponseTime: target } })
  expect([refused.status, refused.body.errors[0].field]).toEqual([400, 'targetResponseTime'])
  const { tests } = (await calls.call('GET', path)).body
  expect(tests.map(({ testName }: { testName: string }) => testName)).not.toContain(body.testName)
})

test('dynamic tests know three applications', async () => {
  const [path] = kinds[2]
  expect((await calls.call('POST', path, { body: { testName: 'x', application: 'chess' } })).status).toBe(400)
})

test('GET /endpoint/tests/scheduled-tests lists both scheduled kinds and no dynamic test', async () => {
  const { body } = await calls.call('GET', '/endpoint/tests/scheduled-tests')
  expect(violations('EndpointTests', body)).toEqual([])
  expect(
    body.tests.map(({ type, testName }: { type: string; testName: string }) => [type, testName]),
  ).toEqual([
    ['agent-to-server', 'VPN from laptops'],
    ['http-server', 'Portal from laptops'],
  ])
})

test('GET /endpoint/tests/real-user-tests lists the monitoring profiles as plain JSON', async () => {
  const { body, headers } = await calls.call('GET', '/endpoint/tests/real-user-tests')
  expect(headers['content-type']).toBe('application/json;charset=UTF-8')
  expect(violations('EndpointRealUserTestsResponse', body)).toEqual([])
  expect(body.realUserTests).toMatchObject([{ profileId: '110451', aid: '1101', name: 'Internal sites' }])
})
