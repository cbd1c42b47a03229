import request from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import type { Person } from '../support/person.ts'
import { keptOnDisk } from './kept-on-disk.ts'
import {
  admin,
  approve,
  askForDeviceCode,
  authorizeQuery,
  challengeOf,
  exchange,
  merakiRedirect,
  merakiSecret,
  newVerifier,
  paths,
  pollFields,
  post,
  refresh,
  resourceServer,
  signedIn,
  type Tokens,
} from './protocol.ts'
import { databaseFiles, stringsIn, tracesIn } from './traces.ts'

/** DECISIONS 3: at rest a credential is a keyed hash, or sealed; whoever reads the database can use nothing of it. */
const data = keptOnDisk()
const secrets = new Map<string, string>([
  ['password', admin.password],
  ['client secret', merakiSecret.client_secret],
  ['client secret of the resource server', resourceServer.client_secret],
  ['User API Token', 'f537f4ac-2921-3199-bbab-d5a43f1c2b60'],
])

let service: RunningPanoptes

beforeAll(async () => {
  service = await startPanoptes(['--data', data.path, '--limits', 'off'])
  secrets.set('operator token', service.operatorToken)
  const person = await signedIn(service)
  await codeFlow(person)
  await deviceFlow(person)
  await register()
  await spoil()
  keepCookies('after all', person, ['/', '/account'])
})
afterAll(async () => {
  await service.stop()
  data[Symbol.dispose]()
})

function keepCookies(when: string, person: Person, at: readonly string[]): void {
  for (const path of at)
    for (const pair of person.cookiesFor(new URL(path, service.url)).split('; ')) {
      const [name = '', value = ''] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]
      if (value !== '') secrets.set(`cookie ${name} at ${path} ${when}`, value)
    }
}

function keepTokens(of: string, tokens: Tokens): void {
  secrets.set(`access token ${of}`, tokens.access_token)
  secrets.set(`refresh token ${of}`, tokens.refresh_token)
  if (tokens.id_token !== undefined) secrets.set(`id_token ${of}`, tokens.id_token)
}

async function codeFlow(person: Person): Promise<void> {
  const verifier = newVerifier()
  secrets.set('code verifier', verifier)
  const asked = authorizeQuery({ code_challenge: challengeOf(verifier), nonce: 'a nonce of the platform' })
  await person.open(`${service.url}${paths.authorize}?${asked}`)
  const { pathname } = new URL(person.page?.url ?? '')
  keepCookies('before Confirm', person, [pathname, '/'])
  await person.press('Confirm')
  const code = person.leavesTo.searchParams.get('code') ?? ''
  secrets.set('authorization code', code)
  const first = (await exchange(service, code, { code_verifier: verifier })).body as Tokens
  keepTokens('of generation 1', first)
  const second = (await refresh(service, first.refresh_token)).body as Tokens
  keepTokens('of generation 2', second)
  // Its answer now waits in the record for a retry.
  const third = (await refresh(service, second.refresh_token)).body as Tokens
  keepTokens('of generation 3', third)
  await request(service.url).get(paths.userinfo).set('Authorization', `Bearer ${third.access_token}`)
}

async function deviceFlow(person: Person): Promise<void> {
  const open = await askForDeviceCode(service)
  secrets.set('pending device code', open.device_code)
  secrets.set('pending user code', open.user_code.replace('-', ''))
  secrets.set('pending user code as shown', open.user_code)
  await post(service, paths.token, pollFields(open.device_code))
  const code = await askForDeviceCode(service)
  secrets.set('device code', code.device_code)
  secrets.set('user code as shown', code.user_code)
  await approve(person, code)
  keepTokens('of the device', (await post(service, paths.token, pollFields(code.device_code))).body as Tokens)
}

async function register(): Promise<void> {
  const metadata = { redirect_uris: [merakiRedirect] }
  const { body } = await request(service.url).post(paths.clients).send(metadata)
  secrets.set('secret of a registered client', body.client_secret)
  secrets.set('registration access token', body.registration_access_token)
}

/** Refusals are logged; what was refused is not. */
async function spoil(): Promise<void> {
  const wrong = { code: newVerifier(), secret: newVerifier(), password: newVerifier() }
  for (const [name, value] of Object.entries(wrong)) secrets.set(`wrong ${name}`, value)
  await exchange(service, wrong.code)
  await refresh(service, wrong.code)
  await refresh(service, secrets.get('refresh token of generation 1') ?? '', { client_secret: wrong.secret })
  const stranger = await signedIn(service, { email: admin.email, password: wrong.password })
  expect(stranger.page?.status).toBe(403)
  await request(service.url).get('/v7/tests').set('Authorization', `Bearer ${wrong.code}`)
  await request(service.url).get(`/oauth2/device?user_code=${secrets.get('pending user code')}`)
}

const isTokenLike = (text: string): boolean => text.length === 43 || text.length === 60 || text.length > 80

describe('after whole flows on a data directory', () => {
  test('no secret stands in the database, its log or its index, while it runs', () => {
    expect(secrets.size).toBeGreaterThan(25)
    const files = databaseFiles(data.path)
    expect([...files.keys()].sort()).toEqual([
      'panoptes.db',
      'panoptes.db-checkpoint',
      'panoptes.db-mark',
      'panoptes.db-shm',
      'panoptes.db-wal',
    ])
    for (const [name, content] of files) expect(tracesIn(content, secrets), name).toEqual([])
  })

  test('the search finds what is there', () => {
    const grant = secrets.get('access token of the device')?.slice(0, 16) ?? ''
    const all = [...databaseFiles(data.path).values()].join('')
    expect(tracesIn(all, new Map([['the tag of a grant', grant]]))).toEqual(['the tag of a grant'])
    const encoded = Buffer.from(`xy${admin.password}z`).toString('base64url')
    expect(tracesIn(encoded, secrets)).toEqual(['password'])
  })

  test('no secret stands in the log', () => {
    expect(service.log.length).toBeGreaterThan(0)
    expect(tracesIn(JSON.stringify(service.log), secrets)).toEqual([])
  })

  test('no string of the database opens anything, security-cases K02', async () => {
    // Those that look most like a token of ours come first; all of them would take minutes.
    const strings = [...stringsIn(databaseFiles(data.path).values())]
      .sort((one, other) => Number(isTokenLike(other)) - Number(isTokenLike(one)))
      .slice(0, 120)
    expect(strings.length).toBeGreaterThan(50)
    const opened: string[] = []
    for (const found of strings) {
      const headers = { Authorization: `Bearer ${found}` }
      const account = request(service.url)
        .get('/account')
        .set('Cookie', `panoptes_session=${found}`)
        .redirects(0)
      const answers = await Promise.all([
        request(service.url).get('/v7/account-groups').set(headers).then(),
        request(service.url).get(paths.userinfo).set(headers).then(),
        refresh(service, found).then(),
        exchange(service, found).then(),
        post(service, paths.token, pollFields(found)).then(),
        account.then(),
      ])
      for (const { status, headers: got } of answers)
        if (status < 300 || (status < 400 && got['location'] !== '/account/sign-in')) opened.push(found)
    }
    expect(opened).toEqual([])
  })

  test('what is deleted is overwritten: a revoked connection leaves no trace of its tag after a checkpoint', async () => {
    const token = secrets.get('access token of generation 3') ?? ''
    await post(service, paths.revoke, { ...merakiSecret, token })
    await service.stop()
    for (const [name, content] of databaseFiles(data.path)) {
      expect(tracesIn(content, secrets), name).toEqual([])
      expect(content.includes(`grant:${token.slice(0, 16)}`), name).toBe(false)
    }
  })
})
