import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readSettings } from '../../src/settings.ts'
import { documentsAtHand } from './documents.ts'
import { type Came, type Ground, openGround } from './ground.ts'

interface Case {
  readonly what: string
  readonly call: (ground: Ground) => Promise<Came>
  readonly operation: string
  readonly live: readonly [status: number, contentType: string | null, body: unknown]
  readonly spec: readonly [status: number, contentType: string | null, body: unknown]
}

const problem = 'application/problem+json'
const keys = (...names: readonly string[]): unknown =>
  Object.fromEntries(names.map((name) => [name, expect.anything()]))
const validation = keys('type', 'title', 'status', 'detail', 'instance', 'errors')

/** Where the document and recorded answers of the service differ (v7-notes sections 4 and 7). */
const cases: readonly Case[] = [
  {
    what: 'an unknown object',
    call: ({ call }) => call('GET', '/tests/http-server/99'),
    operation: 'getHttpServerTest',
    live: [404, null, undefined],
    spec: [404, problem, keys('type', 'title', 'status', 'detail', 'instance')],
  },
  {
    what: 'a bad test',
    call: ({ call }) => call('POST', '/tests/bgp', { body: {} }),
    operation: 'createBgpTest',
    live: [400, problem, keys('type', 'title', 'status', 'instance')],
    spec: [400, problem, validation],
  },
  {
    what: 'a bad webhook',
    call: ({ call }) => call('POST', '/operations/webhooks', { body: {} }),
    operation: 'createWebhookOperation',
    live: [400, 'application/json', keys('timestamp', 'status', 'error', 'message', 'path')],
    spec: [400, problem, validation],
  },
  {
    what: 'a bad stream',
    call: ({ call }) => call('POST', '/streams', { body: {} }),
    operation: 'createStream',
    live: [400, 'application/json', keys('timestamp', 'httpStatus', 'errors', 'path')],
    spec: [400, problem, keys('timestamp', 'httpStatus', 'errors', 'path')],
  },
  {
    what: 'an unknown stream',
    call: ({ call }) => call('GET', '/streams/none'),
    operation: 'getStream',
    live: [404, null, undefined],
    spec: [404, null, undefined],
  },
  {
    what: 'an unknown alert rule',
    call: ({ call }) => call('GET', '/alerts/rules/99'),
    operation: 'getAlertRule',
    live: [404, null, undefined],
    spec: [200, 'application/hal+json', {}],
  },
  {
    what: 'a bad cursor',
    call: ({ call }) => call('GET', '/events', { query: 'window=1h&cursor=none' }),
    operation: 'getEvents',
    live: [
      400,
      problem,
      { type: 'about:blank', title: 'Failed to deserialize', status: 400, instance: '/v7/events' },
    ],
    spec: [400, problem, keys('type', 'title', 'status', 'detail', 'instance')],
  },
  {
    what: 'a call without a token',
    call: ({ call }) => call('GET', '/tests', { headers: { authorization: '' } }),
    operation: 'getTests',
    live: [401, 'application/json', keys('errorMessage')],
    spec: [401, problem, { error: 'invalid_token', error_description: 'Invalid access token' }],
  },
  {
    what: 'a search by a filter',
    call: ({ call }) => call('POST', '/endpoint/agents/filter', { body: {} }),
    operation: 'filterEndpointAgents',
    live: [200, 'application/json', keys('agents', '_links', 'totalAgents')],
    spec: [200, 'application/hal+json', keys('agents', '_links', 'totalAgents')],
  },
]

const told = ({ status, headers, body }: Came) => [
  status,
  headers.get('content-type')?.split(';')[0] ?? null,
  body,
]

describe.each(['live', 'spec'] as const)('fidelity: %s', (fidelity) => {
  let ground: Ground
  beforeAll(async () => {
    ground = await openGround({ PANOPTES_FIDELITY: fidelity })
  })
  afterAll(() => ground.close())

  test.each(cases.map((one) => [one.what, one] as const))('is how %s is answered', async (_, one) => {
    expect(told(await one.call(ground))).toEqual(one[fidelity])
  })

  test('shows a secret that is write-only and required as the clients or as the document want it', async () => {
    const body = {
      type: 'panorama',
      name: 'Firewalls',
      target: 'https://panorama.example',
      authentication: { type: 'other-token', token: 'its-secret' },
    }
    const { body: made } = await ground.call('POST', '/connectors/panorama', { body })
    const shown = { type: 'other-token', ...(fidelity === 'live' && { token: '******' }) }
    const [item, list] = await Promise.all([
      ground.call('GET', `/connectors/panorama/${made.id}`),
      ground.call('GET', '/connectors/panorama'),
    ])
    for (const connector of [made, item.body, list.body.items[0]])
      expect(connector.authentication).toEqual(shown)
  })

  test.each([
    ['http-server', {}, { desiredStatusCode: 'default' }],
    ['page-load', {}, { desiredStatusCode: 'default' }],
    ['web-transactions', { transactionScript: 'run()' }, { desiredStatusCode: 'default', targetTime: 10 }],
  ])(
    'fills %s with defaults of the document, or leaves away what a client plans by',
    async (type, more, defaults) => {
      const body = { url: 'https://a.example', interval: 300, agents: [{ agentId: '110202' }], ...more }
      const asked = { desiredStatusCode: '204', ...(type === 'web-transactions' && { targetTime: 12 }) }
      for (const path of [`/tests/${type}`, `/tests/${type}/instant`]) {
        const shown = async (fields: object): Promise<unknown> => {
          const { body: made } = await ground.call('POST', path, { body: { ...body, ...fields } })
          return Object.fromEntries(
            Object.keys(defaults).flatMap((key) => (key in made ? [[key, made[key]]] : [])),
          )
        }
        expect(await shown({ testName: `${type} unset` })).toEqual(fidelity === 'spec' ? defaults : {})
        expect(await shown({ testName: `${type} set`, ...asked })).toEqual(asked)
      }
    },
  )

  test('measures BGP without the network as the document says, or where it is asked alone', async () => {
    const body = { url: 'https://a.example', interval: 300, agents: [{ agentId: '110202' }] }
    const bgpOf = async (fields: object): Promise<unknown> => {
      const made = await ground.call('POST', '/tests/http-server', { body: { ...body, ...fields } })
      return [made.body.bgpMeasurements, made.body.usePublicBgp]
    }
    const quiet = { networkMeasurements: false }
    expect(await bgpOf({ testName: 'BGP 1', ...quiet })).toEqual(
      fidelity === 'spec' ? [true, true] : [false, false],
    )
    expect(await bgpOf({ testName: 'BGP 2', ...quiet, bgpMeasurements: true })).toEqual([true, true])
    expect(await bgpOf({ testName: 'BGP 3', networkMeasurements: true })).toEqual([true, true])
  })

  test.runIf(fidelity === 'spec')('answers errors as the document says', async () => {
    const documents = await documentsAtHand(ground.service.url)
    for (const { operation, call } of cases) {
      const came = await call(ground)
      // That it may be empty is what the description says, and not its schema.
      if (operation === 'getAlertRule') continue
      for (const { check } of documents) expect([operation, ...check(operation, came)]).toEqual([operation])
    }
  })

  test('is heard by a path that no operation has', async () => {
    const { status, body } = await ground.call('GET', '/no/such/path')
    expect([status, body?.title]).toEqual([404, fidelity === 'spec' ? 'URI Resource Not Found' : undefined])
  })
})

describe('the setting fidelity', () => {
  test('is live by default, and takes no other word', () => {
    expect(readSettings([], {}).fidelity).toBe('live')
    expect(() => readSettings([], { PANOPTES_FIDELITY: 'both' })).toThrow(
      'PANOPTES_FIDELITY: found "both"; allowed are live and spec',
    )
  })
})
