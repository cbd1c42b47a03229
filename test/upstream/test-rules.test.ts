import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls } from './emulator-calls.ts'

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const cloud = { agentId: '3' }
const enterprise = { agentId: '110201' }
const url = 'https://a.example'
const bodies: Readonly<Record<string, object>> = {
  'agent-to-server': { server: 'a.example:443', interval: 60, agents: [enterprise] },
  'agent-to-agent': { targetAgentId: '110203', interval: 60, agents: [enterprise] },
  'http-server': { url, interval: 60, agents: [enterprise] },
  'page-load': { url, interval: 300, agents: [enterprise] },
  'web-transactions': { url, interval: 300, agents: [enterprise], transactionScript: 'run()' },
  api: { url, interval: 60, agents: [enterprise], requests: [{ name: 'One', url }] },
}

const post = (type: string, fields: object) =>
  calls.call('POST', `/tests/${type}`, { body: { testName: type, ...bodies[type], ...fields } })

/** What throughput is measured with, and what of it is a cloud agent. Rules between fields alone have rules.test.ts. */
const clouds = [
  ['source', { agents: [enterprise, cloud] }],
  ['target', { targetAgentId: '3' }],
] as const

describe('throughput', () => {
  test.each(clouds)('is not measured with a cloud agent as a %s', async (_, wrong) => {
    const right = { throughputMeasurements: true }
    const created = await post('agent-to-agent', right)
    expect(created.status, created.text).toBe(201)
    const path = `/tests/agent-to-agent/${created.body.testId}`
    const before = await calls.call('GET', path)
    for (const refused of [
      await post('agent-to-agent', { ...right, ...wrong, testName: 'another' }),
      await calls.call('PUT', path, { body: { ...bodies['agent-to-agent'], ...right, ...wrong } }),
    ])
      expect(
        [refused.status, refused.body?.title.includes('field throughputMeasurements ')],
        refused.text,
      ).toEqual([400, true])
    expect((await calls.call('GET', path)).body).toEqual(before.body)
    expect((await calls.call('GET', '/tests')).body.tests.at(-1).testId).toBe(created.body.testId)
  })
})

test('a test may have thousands of names, of which the last is told too when it is there twice', {
  timeout: 5_000,
}, async () => {
  const names = Array.from({ length: 50_000 }, (_, index) => ({ name: `${index}` }))
  expect((await post('api', { predefinedVariables: names })).status).toBe(201)
  const { status, text } = await post('api', {
    testName: 'another',
    predefinedVariables: [...names, { name: '49999' }],
  })
  expect([status, text.includes('has the name 49999 twice.')]).toEqual([400, true])
})

describe('the default target time of a transaction, as the document has it', () => {
  beforeEach(async () => {
    calls = await openCalls({ fidelity: 'spec' })
  })

  const instant = (fields: object) =>
    calls.call('POST', '/tests/web-transactions/instant', {
      body: { ...bodies['web-transactions'], testName: 'at once', ...fields },
    })

  test.each([
    ['test', (fields: object) => post('web-transactions', fields)],
    ['instant test', instant],
  ] as const)(
    'gives way to a shorter time limit of a %s, and what was asked for does not',
    async (_, send) => {
      const created = await send({ timeLimit: 5 })
      expect(created.status, created.text).toBe(201)
      expect(created.body).toMatchObject({ timeLimit: 5, targetTime: 5 })
      expect((await send({ testName: 'usual' })).body).toMatchObject({ timeLimit: 30, targetTime: 10 })
      const refused = await send({ testName: 'asked', timeLimit: 5, targetTime: 10 })
      expect([refused.status, refused.text.includes('field targetTime ')]).toEqual([400, true])
    },
  )

  test('gives way with an update, and a stored one that was chosen does not', async () => {
    const change = async (testName: string, fields: object) => {
      const { body } = await post('web-transactions', { testName, ...fields })
      const path = `/tests/web-transactions/${body.testId}`
      const answer = await calls.call('PUT', path, { body: { ...bodies['web-transactions'], timeLimit: 7 } })
      return [answer.status, (await calls.call('GET', path)).body.targetTime]
    }
    expect(await change('default', {})).toEqual([200, 7])
    expect(await change('chosen', { targetTime: 20 })).toEqual([400, 20])
    expect(await change('shorter', { targetTime: 6 })).toEqual([200, 6])
  })
})

describe('fields of a test that follow from others', () => {
  test('are those of a continuous test', async () => {
    const continuous = { continuousMode: true, fixedPacketRate: 50, bandwidthMeasurements: true }
    const { body } = await post('agent-to-server', continuous)
    const set = { fixedPacketRate: 1, bandwidthMeasurements: false, probeMode: 'syn' }
    expect(body).toMatchObject({ continuousMode: true, ...set })
    const path = `/tests/agent-to-server/${body.testId}`
    const change = { ...bodies['agent-to-server'], continuousMode: false }
    expect((await calls.call('PUT', path, { body: change })).body.fixedPacketRate).not.toBe(1)
  })

  test('are public BGP monitors, which are used as BGP is measured', async () => {
    const used = async (fields: object) => (await post('http-server', fields)).body.usePublicBgp
    expect(await used({ testName: '1', bgpMeasurements: false })).toBe(false)
    expect(await used({ testName: '2', bgpMeasurements: false, usePublicBgp: true })).toBe(true)
    expect(await used({ testName: '3' })).toBe(true)
  })

  test('are the interval of HTTP in a page load, and no probes without TCP', async () => {
    expect((await post('page-load', {})).body.httpInterval).toBe(300)
    expect((await post('page-load', { testName: '2', httpInterval: 120 })).body.httpInterval).toBe(120)
    expect((await post('agent-to-server', {})).body.probeMode).toBe('auto')
    const { body } = await post('agent-to-server', { testName: '2', protocol: 'icmp' })
    expect(body).not.toHaveProperty('probeMode')
  })

  test('are the codec of a voice test, by its id', async () => {
    const voice = { targetAgentId: '110203', interval: 60, agents: [enterprise], codecId: '5' }
    expect((await post('voice', voice)).body).toMatchObject({ codecId: '5', codec: 'G.729a @ 8 Kbps' })
  })

  test('keep the body of a request for tokens when it is posted alone', async () => {
    const saved = async (requestMethod: string) =>
      (
        await post('http-server', {
          testName: requestMethod,
          oAuth: { testUrl: url, requestMethod, postBody: 'a=b' },
        })
      ).body.oAuth
    expect(await saved('post')).toMatchObject({ postBody: 'a=b' })
    expect(await saved('get')).not.toHaveProperty('postBody')
  })

  test('are agents and rules that are named twice, which are there once', async () => {
    const twice = { agents: [enterprise, cloud, enterprise], alertRules: ['110101', '110101'] }
    const { body } = await post('http-server', twice)
    const query = 'expand=agent,alert-rule'
    const shown = (await calls.call('GET', `/tests/http-server/${body.testId}`, { query })).body
    expect(shown.agents.map(({ agentId }: { agentId: string }) => agentId)).toEqual(['110201', '3'])
    expect(shown.alertRules.map(({ ruleId }: { ruleId: string }) => ruleId)).toEqual(['110101'])
    const { results } = (await calls.call('GET', `/test-results/${body.testId}/http-server`)).body
    const sources = results.map(({ agent }: { agent: { agentId: string } }) => agent.agentId)
    expect(sources.toSorted()).toEqual(['110201', '3'])
  })

  test('hold for instant tests too', async () => {
    const body = { ...bodies['page-load'], pageLoadTimeLimit: 20, httpTimeLimit: 20 }
    const { status, text } = await calls.call('POST', '/tests/page-load/instant', { body })
    expect([status, text.includes('pageLoadTimeLimit')]).toEqual([400, true])
  })
})
