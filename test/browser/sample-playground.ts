/** Models of the playground's pages in each state of a card, with ordinary and hostile text. */
import type { Answered } from '#playground/answered.ts'
import type { Connection, PlayedClient } from '#playground/memory.ts'
import type { Offers } from '#playground/offers.ts'
import type { CallbackPage } from '#playground/pages.ts'
import type { PlaygroundPage } from '#playground/playground-page.ts'
import type { SampleText } from './sample-models.ts'

const now = Date.UTC(2030, 0, 1, 9, 30)

export const sampleOffers = (text: SampleText): Offers => ({
  csrf: 'sample',
  integrations: [
    { clientId: 'sd-wan-manager', name: text.integration, asks: 'device' },
    { clientId: '0oalgciz1dyS1Uonr697', name: 'Splunk ThousandEyes App', asks: 'device' },
    { clientId: 'meraki', name: 'Meraki', asks: 'browser' },
  ],
  users: [
    { email: text.email, region: 'us1' },
    { email: 'admin@initech.example', region: 'eu1' },
  ],
  sampleKey: { email: text.email, apiKey: 'f537f4ac-2921-3199-bbab-d5a43f1c2b60' },
})

const played = (text: SampleText, redirectUri: string | undefined): PlayedClient => ({
  clientId: 'meraki',
  clientSecret: 'meraki-secret',
  name: text.integration,
  scopes: ['organization:read', 'agents:manage', 'tests:manage', 'offline_access', 'openid', 'email'],
  redirectUri,
})

const answered = (status: number, body: string): Answered => ({
  request: 'GET /v7/tests',
  status,
  headers: [
    { name: 'content-type', value: 'application/json;charset=UTF-8' },
    { name: 'x-organization-rate-limit-remaining', value: '239' },
  ],
  body,
  isCut: false,
  at: now - 2000,
})

const tests = JSON.stringify(
  { tests: [{ testId: '110211', testName: 'Acme portal', url: 'https://www.acme.example/' }] },
  null,
  2,
)

const token = 'qWmX3zR8uT0aYb5c.Lk2jH9gF4dS7aP1oI6uY3tR8eW5qZxCvBnM0lKjHgFd'

function connections(text: SampleText): readonly Connection[] {
  const client = played(text, 'http://localhost:7070/playground/meraki/callback')
  const tokens = {
    accessToken: token,
    refreshToken: `${token}.3.AbCdEfGhIjKlMnOp`,
    scopes: client.scopes,
    expiresAt: now + 294_000,
  }
  const refused = answered(400, JSON.stringify({ error: 'x', error_description: text.description }, null, 2))
  return [
    { id: 'c7', kind: 'tokens', client, tokens, isLoggedOut: false, last: answered(200, tests) },
    {
      id: 'c6',
      kind: 'device',
      client: played(text, undefined),
      deviceCode: 'device-code',
      userCode: 'LBJW-MLHV',
      verificationUri: 'http://localhost:7070/oauth2/device',
      link: 'http://localhost:7070/oauth2/device?user_code=LBJW-MLHV',
      intervalSeconds: 5,
      expiresAt: now + 600_000,
      last: refused,
    },
    {
      id: 'c5',
      kind: 'tokens',
      client,
      tokens: { ...tokens, expiresAt: now - 1, refreshToken: undefined },
      isLoggedOut: true,
      last: answered(401, '{\n  "error": "invalid_token"\n}'),
    },
    {
      id: 'c4',
      kind: 'connector',
      apiKey: text.code,
      accountGroup: text.code,
      answers: [answered(200, tests), { ...answered(403, text.description), isCut: true }, answered(204, '')],
    },
    { id: 'c3', kind: 'connector', apiKey: '', accountGroup: '', answers: [] },
    { id: 'c2', kind: 'refused', client, last: refused },
    { id: 'c1', kind: 'asked', client, state: 'state', verifier: 'verifier' },
  ]
}

export const playgroundModel = (text: SampleText): PlaygroundPage => ({
  csrf: 'sample',
  origin: new URL('http://localhost:7070'),
  clock: { now, aheadMs: 0, frozen: false },
  memory: {
    connections: connections(text),
    registrations: [
      { client: played(text, 'http://localhost:7070/playground/callback'), answer: answered(201, '{}') },
      {
        client: { ...played(text, undefined), clientId: 'registered-abc', clientSecret: undefined },
        answer: answered(201, '{}'),
      },
      { client: undefined, answer: answered(400, text.description) },
    ],
  },
  reads: [
    { path: '/v7/tests', scopes: ['tests:read', 'tests:manage'] },
    { path: '/v7/agents', scopes: ['agents:read', 'agents:manage'] },
    { path: '/v7/alerts', scopes: ['alerts:read', 'alerts:manage'] },
  ],
  ownRedirectUri: 'http://localhost:7070/playground/callback',
})

export const emptyPlayground: PlaygroundPage = {
  csrf: 'sample',
  origin: new URL('http://localhost:7070'),
  clock: { now, aheadMs: 3_600_000, frozen: true },
  memory: { connections: [], registrations: [] },
  reads: [],
  ownRedirectUri: 'http://localhost:7070/playground/callback',
}

const exchange = {
  tokenEndpoint: 'http://localhost:7070/v7/oauth2/token',
  clientId: 'meraki',
  clientSecret: 'meraki-secret',
  redirectUri: 'http://localhost:7070/playground/meraki/callback',
  code: 'u7Jd0s-W2kqLm9ZxYc.4hQv8bTn1RfEaKpGyOiUs3DlXw',
}

export const answer = (text: SampleText): CallbackPage => ({
  integration: 'Meraki',
  parameters: [
    { name: 'code', value: exchange.code },
    { name: 'state', value: text.description },
    { name: 'iss', value: 'http://localhost:7070' },
  ],
  exchange,
})
