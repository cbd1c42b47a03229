import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, done, openCalls, ops, origin } from './emulator-calls.ts'
import { violations } from './schema-check.ts'

const agents = [{ agentId: '3' }, { agentId: '110201' }]

/** The smallest body of each type, and the schemas of its answers. */
const kinds = [
  ['bgp', { prefix: '203.0.113.0/24' }, 'BgpTestResponse'],
  ['agent-to-server', { server: 'a.example', port: 443, interval: 60, agents }, 'AgentToServerTestResponse'],
  ['agent-to-agent', { targetAgentId: '110203', interval: 60, agents }, 'AgentToAgentTestResponse'],
  [
    'dns-server',
    { domain: 'a.example', dnsServers: ['ns.a.example'], interval: 60, agents },
    'DnsServerTestResponse',
  ],
  ['dns-trace', { domain: 'a.example', interval: 60, agents }, 'DnsTraceTestResponse'],
  ['dnssec', { domain: 'a.example', interval: 60, agents }, 'DnsSecTestResponse'],
  ['http-server', { url: 'https://a.example', interval: 60, agents }, 'HttpServerTestResponse'],
  ['page-load', { url: 'https://a.example', interval: 120, agents }, 'PageLoadTestResponse'],
  [
    'web-transactions',
    { url: 'https://a.example', transactionScript: 'run()', interval: 120, agents },
    'WebTransactionTestResponse',
  ],
  [
    'api',
    { url: 'https://a.example', requests: [{ name: 'One', url: 'https://a.example' }], interval: 60, agents },
    'ApiTestResponse',
  ],
  [
    'ftp-server',
    {
      url: 'ftp://a.example',
      requestType: 'download',
      username: 'u',
      password: 'secret',
      interval: 60,
      agents,
    },
    'FtpServerTestResponse',
  ],
  [
    'sip-server',
    { targetSipCredentials: { port: 5060, user: 'u', password: 'secret' }, interval: 60, agents },
    'SipServerTestResponse',
  ],
  ['voice', { targetAgentId: '110203', interval: 60, agents }, 'VoiceTestResponse'],
] as const

const everything = 'expand=agent,alert-rule,monitor,label,tag,shared-with-account'

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

describe('the prefix of a BGP test', () => {
  const named = (prefix: string) => ({ testName: prefix, prefix })

  test.each(['192.0.2.0/24', '198.18.0.0/8', '2001:db8::/32', '2001:DB8:1::/48', '::/0'])(
    '%s is taken',
    async (prefix) => {
      const { status, body } = await calls.call('POST', '/tests/bgp', { body: named(prefix) })
      expect([status, body.prefix]).toEqual([201, prefix])
    },
  )

  test.each([
    'acme',
    '192.0.2.0',
    '192.0.2.0/',
    '192.0.2.0/7',
    '192.0.2.0/25',
    '192.0.2.256/24',
    '192.0.2/24',
    '192.0.2.0/24 ',
    '192.0.2.0/24/24',
    '192.0.2.0/-8',
    '2001:db8::/129',
    '2001:db8::%eth0/64',
    '2001:db8:::/32',
    '/24',
  ])('%j is refused by a title alone, and makes no test', async (prefix) => {
    const { body: before } = await calls.call('GET', '/tests/bgp')
    const { status, body } = await calls.call('POST', '/tests/bgp', { body: named(prefix) })
    expect(status).toBe(400)
    expect(body.title).toMatch(
      /^There were some errors in your request, please correct them before trying again\. Error in field prefix :/,
    )
    expect(Object.keys(body)).toEqual(['type', 'title', 'status', 'instance'])
    expect((await calls.call('GET', '/tests/bgp')).body).toEqual(before)
  })

  test('stays what it is on an update, which has none', async () => {
    const { testId } = (await calls.call('POST', '/tests/bgp', { body: named('192.0.2.0/24') })).body
    const changed = await calls.call('PUT', `/tests/bgp/${testId}`, { body: named('acme') })
    expect(changed).toMatchObject({ status: 200, body: { testName: 'acme', prefix: '192.0.2.0/24' } })
  })
})

describe.each(kinds)('/tests/%s', (type, body, schema) => {
  const path = `/tests/${type}`

  test('creates, lists, reads, changes and deletes, and every answer fits the document', async () => {
    const made = await calls.call('POST', path, { body: { ...body, testName: 'A' }, query: everything })
    expect([made.status, made.text]).toEqual([201, expect.any(String)])
    const id: string = made.body.testId
    expect(made.headers['location']).toBe(`${origin}/v7${path}/${id}`)
    const listed = await calls.call('GET', path)
    const read = await calls.call('GET', `${path}/${id}`, { query: everything })
    const changed = await calls.call('PUT', `${path}/${id}`, { body: { ...body, testName: 'B' }, as: ops })
    expect(changed.body).toMatchObject({
      testName: 'B',
      modifiedBy: 'ops@acme.example',
      createdBy: 'admin@acme.example',
    })
    for (const answer of [made, read, changed]) expect(violations(schema, answer.body)).toEqual([])
    expect(listed.body.tests.some((one: { testId: string }) => one.testId === id)).toBe(true)
    const union = await calls.call('GET', '/tests')
    expect(violations('Tests', union.body)).toEqual([])
    expect(`${made.text}${read.text}${changed.text}${listed.text}${union.text}`).not.toContain('secret')
    expect((await calls.call('DELETE', `${path}/${id}`)).status).toBe(204)
    expect((await calls.call('GET', `${path}/${id}`)).status).toBe(404)
  })
})

describe('tests', () => {
  const http = { testName: 'A', url: 'https://a.example', interval: 60, agents }

  test('take the default alert rules of their type when alerts are on and none are named', async () => {
    const made = await calls.call('POST', '/tests/http-server', { body: http, query: 'expand=alert-rule' })
    expect(made.body.alertRules.map((rule: { ruleName: string }) => rule.ruleName)).toEqual([
      'Default HTTP Alert Rule 2.0',
      'Default Network Alert Rule 2.0',
    ])
    const silent = { ...http, testName: 'B', alertsEnabled: false }
    const other = await calls.call('POST', '/tests/http-server', { body: silent, query: 'expand=alert-rule' })
    expect(other.body.alertRules).toEqual([])
  })

  test('leave expandable keys out until they are asked for, in either form', async () => {
    const { body } = await calls.call('POST', '/tests/http-server', { body: http })
    expect(body).not.toHaveProperty('agents')
    const path = `/tests/http-server/${body.testId}`
    for (const query of ['expand=agent,monitor', 'expand=agent&expand=monitor']) {
      const read = await calls.call('GET', path, { query })
      expect(read.body.agents.map((agent: { agentType: string }) => agent.agentType)).toEqual([
        'cloud',
        'enterprise',
      ])
      expect(read.body.monitors.length).toBeGreaterThan(0)
    }
  })

  test('link to their results', async () => {
    const { body } = await calls.call('GET', '/tests/http-server/110301')
    expect(body['_links'].testResults.map(({ href }: { href: string }) => href)).toEqual(
      ['network', 'path-vis', 'http-server'].map((last) => `${origin}/v7/test-results/110301/${last}`),
    )
  })

  test('have the method post when a body comes without a method', async () => {
    const { body } = await calls.call('POST', '/tests/http-server', { body: { ...http, postBody: '{}' } })
    expect(body.requestMethod).toBe('post')
  })

  test('keep a version of every write, newest first, each readable', async () => {
    const { body } = await calls.call('POST', '/tests/http-server', { body: http })
    await calls.call('PUT', `/tests/http-server/${body.testId}`, { body: { ...http, testName: 'B' } })
    const history = await calls.call('GET', `/tests/${body.testId}/history`)
    expect(violations('TestVersionHistoryResponse', history.body)).toEqual([])
    expect(history.body.testVersionHistory.map((one: { versionId: string }) => one.versionId)).toEqual([
      '2',
      '1',
    ])
    const first = await calls.call('GET', `/tests/http-server/${body.testId}`, { query: 'versionId=1' })
    expect(first.body.testName).toBe('A')
  })

  test('have no version but those of their history', async () => {
    const { body } = await calls.call('POST', '/tests/http-server', { body: http })
    const other = await calls.call('POST', '/tests/http-server', { body: { ...http, testName: 'B' } })
    await calls.call('PUT', `/tests/http-server/${body.testId}`, { body: http })
    const read = async (path: string, versionId: string) =>
      (await calls.call('GET', path, { query: `versionId=${versionId}` })).status
    for (const versionId of ['3', '0', 'x', '', `${other.body.testId}.1`])
      expect([versionId, await read(`/tests/http-server/${body.testId}`, versionId)]).toEqual([
        versionId,
        404,
      ])
    expect(await read(`/tests/http-server/${other.body.testId}`, '2')).toBe(404)
    // Lists and BGP tests have no such parameter, and pass over what they do not have.
    expect(await read('/tests/http-server', '9')).toBe(200)
    expect(await read('/tests/bgp/110307', '9')).toBe(200)
  })

  test('of a seed are their own first version, also once they are changed', async () => {
    const path = '/tests/http-server/110301'
    const before = await done(calls, 'GET', path)
    const versions = async () =>
      (await done(calls, 'GET', '/tests/110301/history')).testVersionHistory.map(
        ({ versionId, createdBy, versionTimestamp }: Record<string, string>) => [
          versionId,
          createdBy,
          versionTimestamp,
        ],
      )
    const first = ['1', before.modifiedBy, before.modifiedDate]
    expect(await versions()).toEqual([first])
    expect(await done(calls, 'GET', path, { query: 'versionId=1' })).toEqual(before)
    await done(calls, 'PUT', path, { as: ops, body: { ...http, testName: 'Changed' } })
    expect(await versions()).toEqual([['2', 'ops@acme.example', '2030-01-01T00:00:00Z'], first])
    expect(await done(calls, 'GET', path, { query: 'versionId=1' })).toEqual(before)
    expect((await done(calls, 'GET', path, { query: 'versionId=2' })).testName).toBe('Changed')
  })

  test('are asked for by a number that is not negative', async () => {
    const history = (limit: string) => calls.call('GET', '/tests/110301/history', { query: `limit=${limit}` })
    expect((await history('-1')).status).toBe(400)
    expect((await history('1')).body.testVersionHistory).toHaveLength(1)
  })

  test('keep no more versions than a bound of characters', async () => {
    const script = (n: number) => `// ${n} ${'x'.repeat(300_000)}`
    const web = (n: number) => ({ ...http, testName: 'W', transactionScript: script(n) })
    const { body } = await calls.call('POST', '/tests/web-transactions', { body: web(1) })
    const versions = async (): Promise<readonly string[]> =>
      (await calls.call('GET', `/tests/${body.testId}/history`)).body.testVersionHistory.map(
        ({ versionId }: { versionId: string }) => versionId,
      )
    for (let n = 2; n <= 10; n += 1)
      expect(
        (await calls.call('PUT', `/tests/web-transactions/${body.testId}`, { body: web(n) })).status,
      ).toBe(200)
    expect(await versions()).toEqual(['10', '9', '8', '7', '6', '5', '4'])
    const oldest = await calls.call('GET', `/tests/web-transactions/${body.testId}`, { query: 'versionId=4' })
    expect(oldest.body.transactionScript).toBe(script(4))
    expect(oldest.text).not.toContain('charactersSoFar')
    await calls.call('PUT', `/tests/web-transactions/${body.testId}`, {
      body: { ...web(11), transactionScript: '1' },
    })
    expect((await versions()).slice(0, 2)).toEqual(['11', '10'])
  })

  test('keep the ids of DNS servers that stay', async () => {
    const dns = { domain: 'a.example', dnsServers: ['one', 'two'], interval: 60, agents }
    const { body } = await calls.call('POST', '/tests/dns-server', { body: dns })
    const changed = await calls.call('PUT', `/tests/dns-server/${body.testId}`, {
      body: { ...dns, dnsServers: ['two', 'three'] },
    })
    expect(changed.body.dnsServers[0]).toEqual(body.dnsServers[1])
  })

  test.each([
    ['an agent', { agents: [{ agentId: '999' }] }],
    ['an agent of another organization', { agents: [{ agentId: '310201' }] }],
    ['an alert rule of another account group', { alertRules: ['110201'] }],
    ['an account group of another organization', { sharedWithAccounts: ['3101'] }],
    ['an interval that there is not', { interval: 61 }],
  ])('refuse %s', async (_, wrong) => {
    expect((await calls.call('POST', '/tests/http-server', { body: { ...http, ...wrong } })).status).toBe(400)
  })

  test('that are shared are seen by the other account group, which changes nothing but what hangs on them', async () => {
    const shared = { ...http, sharedWithAccounts: ['1102'] }
    const { body } = await calls.call('POST', '/tests/http-server', { body: shared })
    const path = `/tests/http-server/${body.testId}`
    expect((await calls.call('GET', path, { aid: '1102' })).status).toBe(200)
    expect((await calls.call('PUT', path, { aid: '1102', body: { ...http, testName: 'B' } })).status).toBe(
      403,
    )
    expect((await calls.call('DELETE', path, { aid: '1102' })).status).toBe(403)
  })

  test('that are shared are taken back as they were read, with rules and tags of the account group, which it alone sees', async () => {
    const agents = [{ agentId: '110201' }]
    const made = await calls.call('POST', '/tests/http-server', {
      body: { ...http, agents, sharedWithAccounts: ['1102'], alertRules: ['110101'] },
    })
    const path = `/tests/http-server/${made.body.testId}`
    const read = async (aid: string) =>
      (await calls.call('GET', path, { aid, query: 'expand=agent,alert-rule,tag' })).body
    const rulesIn = async (aid: string) =>
      (await read(aid)).alertRules.map(({ ruleId }: { ruleId: string }) => ruleId)
    const { alertRules: _, tags: _tags, ...sent } = await read('1102')
    expect(await rulesIn('1102')).toEqual([])
    const put = (aid: string, body: object) => calls.call('PUT', path, { aid, body: { ...sent, ...body } })
    const added = await put('1102', { alertRules: ['110201'] })
    expect(added.status, added.text).toBe(200)
    expect([await rulesIn('1101'), await rulesIn('1102')]).toEqual([['110101'], ['110201']])
    expect((await put('1102', { alertRules: ['110101'] })).status).toBe(400)
    expect((await put('1102', { interval: 120 })).status).toBe(403)
    expect((await put('1101', { alertRules: [] })).status).toBe(200)
    expect([await rulesIn('1101'), await rulesIn('1102')]).toEqual([[], ['110201']])
    expect((await put('1101', { interval: 300 })).body.interval).toBe(300)
  })

  test('of another account group are not there', async () => {
    expect((await calls.call('GET', '/tests/http-server/110601')).status).toBe(404)
    expect((await calls.call('GET', '/tests/http-server/110601', { aid: '1102' })).status).toBe(200)
  })

  test('of another type are not there', async () => {
    expect((await calls.call('GET', '/tests/page-load/110301')).status).toBe(404)
  })
})

describe('instant tests', () => {
  const instant = { url: 'https://a.example', agents: [{ agentId: '3' }] }

  test.each(kinds.filter(([type]) => type !== 'bgp'))('of the type %s are created', async (type, body) => {
    const made = await calls.call('POST', `/tests/${type}/instant`, { body, query: 'expand=agent' })
    expect(made.status).toBe(201)
    const schema = calls.operations.find(({ path }) => path === `/tests/${type}/instant`)
    expect(schema?.bucket).toBe('instant-test')
  })

  test('are not listed, can be read, and can be run again', async () => {
    const made = await calls.call('POST', '/tests/http-server/instant', { body: instant })
    expect(violations('HttpServerInstantTestResponse', made.body)).toEqual([])
    const id: string = made.body.testId
    expect((await calls.call('GET', '/tests')).text).not.toContain(id)
    expect((await calls.call('GET', '/tests/http-server')).text).not.toContain(id)
    expect((await calls.call('GET', `/tests/http-server/${id}`)).status).toBe(200)
    expect(await calls.call('POST', `/tests/${id}/run`)).toMatchObject({ status: 200, text: '' })
    expect((await calls.call('POST', '/tests/110301/run')).status).toBe(404)
  })
})
