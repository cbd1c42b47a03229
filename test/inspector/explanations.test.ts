import request from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { explain } from '#inspector/explanations.ts'
import {
  askForDeviceCode,
  authorize,
  connectMeraki,
  type Fields,
  merakiSecret,
  paths,
  post,
  sdWan,
  signedIn,
  type Tokens,
} from '../authorization-server/protocol.ts'
import { askForCode } from '../steps/requests.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'
import { explained, newest, rulesBy } from './explained.ts'

let service: RunningPanoptes
let person: Person
let tokens: Tokens

beforeAll(async () => {
  service = await startPanoptes()
  person = await signedIn(service)
  tokens = await connectMeraki(service, person, { scope: 'tests:manage openid' })
})
afterAll(() => service?.stop())

type Send = () => Promise<unknown>

const call =
  (path: string, token?: () => string): Send =>
  () => {
    const asked = request(service.url).get(path)
    return (token ? asked.set('Authorization', `Bearer ${token()}`) : asked).then()
  }
const live = (): string => tokens.access_token
const ask =
  (changes: Fields): Send =>
  () =>
    authorize(service, changes).then()
const register =
  (metadata: object): Send =>
  () =>
    request(service.url).post(paths.clients).send(metadata).then()
const device =
  (fields: Fields): Send =>
  () =>
    post(service, paths.device, fields).then()

const refusals: readonly (readonly [query: Readonly<Record<string, string>>, rule: string, send: Send])[] = [
  [{ surface: 'v7' }, 'A token stands in the Authorization header', call('/v7/tests')],
  [{ surface: 'v7' }, 'Token, connection, client and user are alive', call('/v7/tests', () => 'nope')],
  [{ surface: 'v7' }, 'The request has one reading', call('/v7/tests/%2e%2e/users', live)],
  [{ surface: 'v7' }, 'The operation exists', call('/v7/nothing', live)],
  [{ surface: 'v7' }, 'The token’s scopes open it', call('/v7/agents', live)],
  [{ surface: 'v7' }, 'The account group is one of the connection', call('/v7/tests?aid=2101', live)],
  [{ surface: 'v7' }, 'The account group is one of the connection', call('/v7/tests?aid=x', live)],
  [{ surface: 'v7' }, 'The upstream answers', call('/v7/tests/http-server/999999', live)],
  [{ name: 'authorize' }, 'Every other parameter stands once', ask({ scope: ['openid', 'email'] })],
  [{ name: 'authorize' }, 'It carries no request object', ask({ request: 'e30.e30.' })],
  [{ name: 'authorize' }, 'The client exists', ask({ client_id: 'nobody' })],
  [{ name: 'authorize' }, 'The answer may travel as asked', ask({ response_mode: 'fragment' })],
  [{ name: 'authorize' }, 'response_type is code', ask({ response_type: 'token' })],
  [{ name: 'authorize' }, 'redirect_uri is there', ask({ redirect_uri: undefined })],
  [{ name: 'authorize' }, 'prompt asks for what there is', ask({ prompt: 'unknown' })],
  [{ name: 'authorize' }, 'The client may ask for these scopes', ask({ scope: 'dashboards:manage' })],
  [{ name: 'authorize' }, 'redirect_uri is registered', ask({ redirect_uri: 'https://evil.example/' })],
  [{ name: 'authorize' }, 'It brings a PKCE challenge', ask({ code_challenge: undefined })],
  [{ name: 'authorize' }, 'It brings a PKCE challenge', ask({ code_challenge_method: 'plain' })],
  [{ name: 'authorize' }, 'Some scope is asked for, and each word exists', ask({ scope: 'nope:read' })],
  [{ name: 'authorize' }, 'The person may be asked', ask({ prompt: 'none' })],
  [
    { name: 'device_authorization' },
    'The client exists',
    device({ client_id: 'nobody', scope: 'tests:manage' }),
  ],
  [
    { name: 'device_authorization' },
    'The client may use the device grant',
    device({ ...merakiSecret, scope: 'openid' }),
  ],
  [
    { name: 'device_authorization' },
    'The client may ask for these scopes',
    device({ ...sdWan, scope: 'alerts:read' }),
  ],
  [{ name: 'device_authorization' }, 'Some scope is asked for, and each word exists', device({ ...sdWan })],
  [
    { name: 'register' },
    'Nothing in it has to be fetched',
    register({ jwks_uri: 'https://app.example/jwks' }),
  ],
  [
    { name: 'register' },
    'Redirect URIs keep a code from others',
    register({ redirect_uris: ['http://app.example/'] }),
  ],
  [{ name: 'register' }, 'client_name is what it looks like', register({ client_name: '' })],
  [{ name: 'register' }, 'Each scope exists', register({ scope: 'nope:read' })],
  [{ name: 'register' }, 'The rest is well formed and fits together', register({ redirect_uris: [] })],
  [{ name: 'userinfo' }, 'Token, connection, client and user are alive', call(paths.userinfo, () => 'nope')],
  [{ name: 'userinfo' }, 'A token stands in the Authorization header', call(paths.userinfo)],
  [
    { path: '/interaction/', method: 'POST' },
    'Region, email and password fit together',
    async () => {
      const visitor = new Person()
      await visitor.open(askForCode(service).href)
      await visitor.signIn('viewer@acme.example', 'wrong')
    },
  ],
  [
    { path: '/oauth2/device', method: 'POST' },
    'The code waits for a person',
    async () => {
      const visitor = new Person()
      await visitor.open(`${service.url}/oauth2/device`)
      await visitor.press('Continue', { user_code: 'BBBB-BBBB' })
    },
  ],
  [
    { path: '/account/sign-out' },
    'The form was sent from our own pages',
    () =>
      request(service.url)
        .post('/account/sign-out')
        .set('Origin', 'https://evil.example')
        .set('Accept', 'text/html')
        .type('form')
        .send('a=b')
        .then(),
  ],
  [{ path: '/interaction/gone' }, 'The request is kept, and is this browser’s', call('/interaction/gone')],
  [
    { name: 'authorize' },
    'The person said yes',
    async () => {
      const visitor = await signedIn(service)
      await visitor.open(askForCode(service).href)
      await visitor.press('Logout')
    },
  ],
  [{ path: '/sso/callback' }, 'The answer is awaited', call('/sso/callback?state=made-up&code=x')],
  [
    { path: '/sso/callback' },
    'The person is a user',
    async () => {
      const visitor = new Person()
      await visitor.open(askForCode(service).href)
      await visitor.press('Continue', { email: 'newcomer@sso.example' })
      await visitor.press('Sign in')
    },
  ],
  [
    { path: '/interaction/', method: 'POST' },
    'The account groups can be shared',
    async () => {
      const visitor = await signedIn(service)
      await visitor.open(askForCode(service).href)
      await visitor.press('Confirm', { 'aid-1101': undefined, 'aid-1102': undefined })
    },
  ],
  [
    { path: '/account/profile/user-api-token', method: 'POST' },
    'The user has no User API Token yet',
    async () => {
      const [first, second] = [new Person(), new Person()]
      for (const visitor of [first, second]) {
        await visitor.open(`${service.url}/account`)
        await visitor.signIn('ops@acme.example', 'panoptes-us1')
        await visitor.open(`${service.url}/account/profile`)
      }
      for (const visitor of [first, second]) await visitor.press('Generate')
    },
  ],
  [
    { path: '/account/sign-in/sso' },
    'The ticket is this browser’s',
    call('/account/sign-in/sso?ticket=made-up'),
  ],
  [{ path: '/nothing-here' }, 'There is a page', call('/nothing-here')],
]

describe('every endpoint, explained', () => {
  test.each(refusals)('%j: "%s" refuses', async (query, rule, send) => {
    await send()
    const exchange = await newest(service, query)
    const explanation = explain(exchange)
    const said = JSON.stringify({ exchange, explanation }, null, 1)
    const suspects = [...rulesBy(explanation, 'refused'), ...rulesBy(explanation, 'perhaps')]
    expect(suspects, said).toContain(rule)
    // Where the log is silent, others may be in question too.
    if (exchange.notes.length > 0 || suspects.length === 1) expect(suspects, said).toEqual([rule])
    else expect(explanation.summary).toContain('cannot be told which')
  })

  test.each<[string, Readonly<Record<string, string>>, Send]>([
    ['a call', { surface: 'v7' }, call('/v7/tests', live)],
    ['an authorization request', { name: 'authorize' }, ask({})],
    ['a device authorization', { name: 'device_authorization' }, device({ ...sdWan, scope: 'tests:manage' })],
    [
      'a registration',
      { name: 'register' },
      register({ client_name: 'A', redirect_uris: ['https://app.example/'], scope: 'tests:read' }),
    ],
    ['userinfo', { name: 'userinfo' }, call(paths.userinfo, live)],
    ['metadata', { name: 'authorization_server_metadata' }, call('/.well-known/oauth-authorization-server')],
    ['a page', { path: '/oauth2/device' }, call('/oauth2/device')],
    [
      'a way back from a provider',
      { path: '/sso/callback' },
      async () => {
        const visitor = new Person()
        await visitor.open(askForCode(service).href)
        await visitor.press('Continue', { email: 'anyone@sso.example' })
        await visitor.press('Sign in')
      },
    ],
  ])('%s that is answered well shows checks, all of which held', async (_, query, send) => {
    await send()
    const { checks, summary } = await explained(service, query)
    expect(checks.length).toBeGreaterThan(0)
    expect(
      checks.every(({ outcome }) => outcome === 'held'),
      summary,
    ).toBe(true)
  })

  test('of sign-in and confirm only what was decided by then is claimed', async () => {
    const visitor = new Person()
    await visitor.open(askForCode(service).href)
    await visitor.press('Continue', { email: 'viewer@acme.example' })
    const signIn = { path: '/interaction/', method: 'POST' }
    const rules = async (query: Readonly<Record<string, string>>): Promise<readonly string[]> =>
      rulesBy(await explained(service, query), 'held')
    expect(await rules(signIn)).not.toContain('Region, email and password fit together')
    await visitor.press('Sign in', { password: 'panoptes-us1' })
    expect(await rules(signIn)).toContain('Region, email and password fit together')
    expect(await rules({ path: '/oauth2/authorize/' })).not.toContain('The person said yes')
    await visitor.press('Confirm')
    expect(await rules({ path: '/oauth2/authorize/' })).toContain('The person said yes')
  })

  test('Cancel of a device is either a no or too late', async () => {
    const visitor = new Person()
    await visitor.open((await askForDeviceCode(service)).verification_uri)
    const { user_code } = await askForDeviceCode(service)
    await visitor.press('Continue', { user_code })
    await visitor.press('Cancel')
    expect(rulesBy(await explained(service, { path: '/oauth2/device', method: 'POST' }), 'perhaps')).toEqual([
      'The code waits for a person',
      'The person goes on',
    ])
  })

  test('a call window that is drawn out is told from the window of an operation', async () => {
    await using limited = await startPanoptes(['--config', 'test/inspector/few-calls.yaml'])
    const key = { authorization: 'Bearer f537f4ac-2921-3199-bbab-d5a43f1c2b60' }
    for (let calls = 0; calls < 8; calls += 1) await fetch(`${limited.url}/v7/tests`, { headers: key })
    expect(rulesBy(await explained(limited, { surface: 'v7' }), 'refused')).toEqual([
      'The call window has room',
    ])
  })
})
