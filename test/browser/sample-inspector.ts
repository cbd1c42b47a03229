/** Exchanges as a journal keeps them, with ordinary and hostile text, for the inspector's pages. */
import type { Exchange } from '#traffic/traffic.ts'
import type { SampleText } from './sample-models.ts'

const at = Date.UTC(2030, 0, 1, 9, 30)

const base = {
  at,
  durationMs: 12.4,
  address: '127.0.0.1',
  query: [],
  headers: [],
  body: undefined,
  fault: undefined,
  notes: [],
} as const

const json = (text: string): NonNullable<Exchange['body']> => ({ text, bytes: text.length, isCut: false })

/** One that says next to nothing. */
export const sampleExchange: Exchange = {
  ...base,
  id: 1,
  surface: 'pages',
  name: undefined,
  method: 'GET',
  path: '/',
  answer: undefined,
}

/** Meraki's flow up to a refused refresh, and a call; the last one has neither name nor answer. */
export const sampleExchanges = (text: SampleText): readonly Exchange[] => [
  {
    ...base,
    id: 1,
    surface: 'oauth',
    name: 'authorize',
    method: 'GET',
    path: '/oauth2/authorize',
    query: [
      ['client_id', 'meraki'],
      ['state', '<state:aaaaaaaa>'],
      ['login_hint', text.email],
    ],
    answer: {
      status: 303,
      headers: [['Location', '/interaction/<uid:bbbbbbbb>']],
      body: undefined,
      isWhole: true,
    },
  },
  {
    ...base,
    id: 2,
    surface: 'pages',
    name: 'interaction',
    method: 'POST',
    path: '/interaction/<uid:bbbbbbbb>/sign-in',
    answer: {
      status: 303,
      headers: [['location', 'http://localhost:7070/oauth2/authorize/<uid:bbbbbbbb>']],
      body: undefined,
      isWhole: true,
    },
  },
  {
    ...base,
    id: 3,
    surface: 'oauth',
    name: 'authorize',
    method: 'GET',
    path: '/oauth2/authorize/<uid:bbbbbbbb>',
    answer: {
      status: 303,
      headers: [
        [
          'location',
          'http://localhost:7070/playground/meraki/callback?code=<code:cccccccc>&state=<state:aaaaaaaa>&iss=x',
        ],
      ],
      body: undefined,
      isWhole: true,
    },
  },
  {
    ...base,
    id: 4,
    surface: 'oauth',
    name: 'token',
    method: 'POST',
    path: '/v7/oauth2/token',
    headers: [
      ['content-type', 'application/x-www-form-urlencoded'],
      ['user-agent', text.userAgent],
    ],
    body: json(
      'grant_type=authorization_code&client_id=meraki&client_secret=<client_secret:dddddddd>&code=<code:cccccccc>',
    ),
    answer: {
      status: 200,
      headers: [['content-type', 'application/json']],
      body: json('{"access_token":"<access_token:eeeeeeee>","refresh_token":"<refresh_token:ffffffff>"}'),
      isWhole: true,
    },
  },
  {
    ...base,
    id: 5,
    surface: 'v7',
    name: 'getTests',
    method: 'GET',
    path: '/v7/tests',
    query: [['aid', text.code]],
    headers: [['authorization', 'Bearer <token:eeeeeeee>']],
    answer: { status: 200, headers: [], body: { ...json(text.description), isCut: true }, isWhole: false },
  },
  {
    ...base,
    id: 6,
    surface: 'oauth',
    name: 'token',
    method: 'POST',
    path: '/v7/oauth2/token',
    headers: [['content-type', 'application/x-www-form-urlencoded']],
    body: json(
      `grant_type=refresh_token&client_id=${encodeURIComponent(text.integration)}&refresh_token=<refresh_token:ffffffff>`,
    ),
    answer: {
      status: 400,
      headers: [['content-type', 'application/json']],
      body: json('{"error":"invalid_grant","error_description":"grant request is invalid"}'),
      isWhole: true,
    },
    notes: [{ event: 'grant-refused', code: 'invalid_grant', detail: 'refresh token already used' }],
  },
  {
    ...base,
    id: 7,
    durationMs: undefined,
    surface: 'v7',
    name: undefined,
    method: 'GET',
    path: `/v7/${text.group}`,
    headers: [['authorization', 'Bearer <token:eeeeeeee>']],
    answer: undefined,
    fault: 'fault-1',
  },
]
