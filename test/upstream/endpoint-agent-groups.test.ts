import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, type Came, openCalls } from './emulator-calls.ts'

const laptop = '3fde6422-f119-40e1-ae32-000000001101'
const scheduled = '/endpoint/tests/scheduled-tests/agent-to-server'

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

interface Filter {
  readonly key: string
  readonly values: readonly string[]
  readonly mode?: string
  readonly scope?: string
}

const create = async (path: string, body: object): Promise<Came> => {
  const came = await calls.call('POST', path, { body })
  expect(came.status, came.text).toBe(201)
  return came
}

const labelOf = async (filters: readonly Filter[], matchType = 'and'): Promise<string> =>
  (await create('/endpoint/labels', { name: 'Some', matchType, filters })).body.id

const tagOf = async (filters: readonly Filter[], matchType = 'and'): Promise<string> =>
  (
    await create('/tags', {
      key: 'some',
      value: JSON.stringify(filters),
      objectType: 'endpoint-agent',
      type: 'dynamic',
      matchType,
      filters,
    })
  ).body.id

/** The last digits of the agents that a test with the selector measures by. */
async function measuring(selector: object): Promise<string> {
  const body = { testName: 'By group', server: 'x.example', ...selector }
  const { testId } = (await create(scheduled, body)).body
  const { results } = (await calls.call('GET', `/endpoint/test-results/scheduled-tests/${testId}/path-vis`))
    .body
  return results.map(({ agentId }: { agentId: string }) => agentId.slice(-1)).join('')
}

const inLabel = async (filters: readonly Filter[], matchType?: string): Promise<string> =>
  measuring({
    agentSelectorType: 'agent-labels',
    endpointAgentLabels: [await labelOf(filters, matchType)],
  })

const inTag = async (filters: readonly Filter[], matchType?: string): Promise<string> =>
  measuring({ agentSelectorType: 'agent-tags', tagIds: [await tagOf(filters, matchType)] })

describe('agents in the group of a label or of a dynamic tag', () => {
  test.each([
    ['platform', ['Mac'], '2'],
    ['platform', ['Windows', 'Linux'], '13'],
    ['agent-id', [laptop], '1'],
    ['connection', ['Ethernet'], '3'],
    ['gateway', ['10.11.4.1'], '12'],
    ['public-network', ['203.0.113.0/28'], '123'],
    ['local-network', ['10.11.4.0/24', '10.11.9.0/24'], '12'],
    ['local-network', ['10.11.5.30'], '3'],
    ['local-network', ['10.0.0.0/8'], '123'],
    ['local-network', ['::/0'], ''],
    ['vpn-vendor', ['cisco-anyconnect'], '1'],
    ['vpn-gateway-address', ['192.0.2.20'], '1'],
    ['vpn-client-network', ['10.99.0.0/25'], '1'],
    ['vpn-client-address', ['10.99.0.22'], ''],
    ['ip-address-family', ['ipv4'], '123'],
    ['ip-address-family', ['ipv6'], ''],
    ['ssid', ['acme*'], '12'],
    ['ssid', ['*off?ce'], '12'],
    ['ssid', ['acme'], ''],
    ['ssid', ['?*?*?*?*?*?*?*?*?*?*?*x'], ''],
    ['bssid', ['00:00:5e:00:53:01'], '12'],
    ['hostname', ['ACME-??-00[13]', 'acme-pc*'], '3'],
    ['username', ['*a*'], '1'],
    ['asn', ['64498'], '123'],
    ['agent-type', ['endpoint'], '123'],
  ])('%s in %j are %j', async (key, values, agents) => {
    const filters = [{ key, values, mode: 'in' }]
    expect(await inLabel(filters)).toBe(agents)
    expect(await inTag(filters)).toBe(agents)
    expect(await inLabel([{ key, values, mode: 'not-in' }])).toBe(
      [...'123'].filter((one) => !agents.includes(one)).join(''),
    )
  })

  test.each([
    [{ key: 'location', values: ['San Francisco Bay Area'] }, '123'],
    [{ key: 'serial-number', values: ['EX-0002'] }, '2'],
    [{ key: 'nic-model', values: ['Example Gigabit'] }, '3'],
    [{ key: 'nic-model', values: ['example gigabit'] }, ''],
    [{ key: 'nic-driver-version', values: ['1.0.0'] }, '2'],
    [{ key: 'vpn-target', values: ['192.0.2.20'] }, '1'],
    [{ key: 'anyConnectDeviceId', values: ['EXAMPLE0001'], scope: 'custom' }, '1'],
    [{ key: 'platform', values: ['EXAMPLE0001'], scope: 'custom' }, ''],
    [{ key: 'constructor', values: ['x'], scope: 'custom' }, ''],
  ])('dynamic tags know %j', async (filter, agents) => {
    expect(await inTag([filter])).toBe(agents)
  })

  test('pass all filters or one of them', async () => {
    const filters = [
      { key: 'platform', values: ['Windows'], mode: 'in' },
      { key: 'connection', values: ['Wireless'], mode: 'in' },
    ]
    expect(await inLabel(filters, 'and')).toBe('1')
    expect(await inLabel(filters, 'or')).toBe('123')
    expect(await inTag(filters, 'or')).toBe('123')
    expect(await inLabel([], 'and')).toBe('')
  })
})

describe('a test of a group', () => {
  const macs = [{ key: 'platform', values: ['Mac'], mode: 'in' }]
  const selectorOf = async (testId: string): Promise<unknown> =>
    (await calls.call('GET', `${scheduled}/${testId}`)).body.agentSelectorConfig

  test('names it until it is deleted', async () => {
    const [label, tag] = [await labelOf(macs), await tagOf(macs)]
    const byLabel = { agentSelectorType: 'agent-labels', endpointAgentLabels: [label] }
    const byTag = { agentSelectorType: 'agent-tags', tagIds: [tag] }
    const tests = await Promise.all(
      [byLabel, byTag].map((one) => create(scheduled, { testName: 'x', server: 'x.example', ...one })),
    )
    const [labelled = '', tagged = ''] = tests.map(({ body }) => body.testId)
    expect(await selectorOf(labelled)).toMatchObject({ endpointAgentLabels: [label] })
    await calls.call('DELETE', `/endpoint/labels/${label}`)
    await calls.call('DELETE', `/tags/${tag}`)
    expect(await selectorOf(labelled)).toMatchObject({ endpointAgentLabels: [] })
    expect(await selectorOf(tagged)).toMatchObject({ tagIds: [] })
  })

  test('names none of another account group', async () => {
    const filters = { name: 'Others', matchType: 'and', filters: macs }
    const { id } = (await calls.call('POST', '/endpoint/labels', { body: filters, aid: '1102' })).body
    const selector = { agentSelectorType: 'agent-labels', endpointAgentLabels: [id] }
    const body = { testName: 'x', server: 'x.example', ...selector }
    expect((await calls.call('POST', scheduled, { body })).status).toBe(400)
  })
})

test('an endpoint test that is deleted is named by no proxy and no tag', async () => {
  const tag = (await create('/tags', { key: 'k', value: 'v', objectType: 'endpoint-test' })).body.id
  const body = {
    assignments: [
      { id: '110402', type: 'endpoint-test' },
      { id: '110701', type: 'endpoint-test' },
    ],
  }
  const assigned = await calls.call('POST', `/tags/${tag}/assign`, { body })
  expect(assigned.body.assignments).toEqual([body.assignments[0]])
  const named = async (): Promise<string> =>
    (await calls.call('GET', '/endpoint/proxies')).text +
    (await calls.call('GET', `/tags/${tag}`, { query: 'expand=assignments' })).text
  expect((await named()).split('110402')).toHaveLength(3)
  await calls.call('DELETE', '/endpoint/tests/scheduled-tests/http-server/110402')
  expect(await named()).not.toContain('110402')
})
