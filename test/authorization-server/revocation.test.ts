import type { Response } from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import type { Person } from '../support/person.ts'
import { attacksOf } from './attacks.ts'
import { keptOnDisk } from './kept-on-disk.ts'
import { startProcess } from './own-process.ts'
import {
  connectDevice,
  connectMeraki,
  exchange,
  expectRefusal,
  type Fields,
  merakiSecret,
  newCode,
  paths,
  post,
  refresh,
  resourceServer,
  sdWan,
  signedIn,
  splunk,
  type Tokens,
  v7Status,
} from './protocol.ts'

let service: RunningPanoptes
let person: Person

beforeAll(async () => {
  service = await startPanoptes()
  person = await signedIn(service)
})
afterAll(() => service.stop())

const revoke = (
  token: string | undefined,
  changes: Fields = {},
  at: { url: string } = service,
): Promise<Response> => post(at, paths.revoke, { ...merakiSecret, token, ...changes }).then()

function expectRevoked(answer: Response): void {
  expect(answer.status, answer.text).toBe(200)
  expect(answer.text).toBe('')
  expect(answer.headers['cache-control']).toContain('no-store')
}

async function expectDead(tokens: Tokens): Promise<void> {
  expect(await v7Status(service, tokens.access_token)).toBe(401)
  expectRefusal(await refresh(service, tokens.refresh_token), 'invalid_grant')
}

async function expectAlive(tokens: Tokens): Promise<void> {
  expect(await v7Status(service, tokens.access_token)).toBe(200)
  expect((await refresh(service, tokens.refresh_token)).status).toBe(200)
}

describe('POST /v7/oauth2/revoke, RFC 7009', () => {
  test.each<[string, keyof Tokens, Fields]>([
    ['its refresh token', 'refresh_token', {}],
    ['its access token', 'access_token', {}],
    ['its refresh token under the right hint', 'refresh_token', { token_type_hint: 'refresh_token' }],
    ['its refresh token under the wrong hint', 'refresh_token', { token_type_hint: 'access_token' }],
    ['its access token under the wrong hint', 'access_token', { token_type_hint: 'refresh_token' }],
    ['its access token under an unknown hint', 'access_token', { token_type_hint: 'nope' }],
  ])('ends the whole connection with %s, at once', async (_case, kind, hint) => {
    const first = await connectMeraki(service, person)
    const tokens = (await refresh(service, first.refresh_token)).body as Tokens
    expectRevoked(await revoke(String(tokens[kind]), hint))
    await expectDead(tokens)
    expect(await v7Status(service, first.access_token)).toBe(401)
  })

  test('ends the connection with a refresh token that has been rotated away: whoever has it has been there', async () => {
    const first = await connectMeraki(service, person)
    const tokens = (await refresh(service, first.refresh_token)).body as Tokens
    expectRevoked(await revoke(first.refresh_token))
    await expectDead(tokens)
  })

  test('leaves the other connections of the same user and integration alone', async () => {
    const [one, other] = [await connectMeraki(service, person), await connectMeraki(service, person)]
    expectRevoked(await revoke(one.refresh_token))
    await expectDead(one)
    await expectAlive(other)
  })

  test('ends a code that waits to be exchanged together with its connection', async () => {
    const code = await newCode(service, person)
    const tokens = (await exchange(service, code)).body as Tokens
    expectRevoked(await revoke(tokens.access_token))
    expectRefusal(await exchange(service, code), 'invalid_grant')
  })

  test('says 200 again and again: what is dead is dead', async () => {
    const tokens = await connectMeraki(service, person)
    for (let times = 0; times < 3; times += 1) expectRevoked(await revoke(tokens.refresh_token))
    expectRevoked(await revoke(tokens.access_token))
  })

  test('says 200 to 50 at the same moment', async () => {
    const tokens = await connectMeraki(service, person)
    const answers = await Promise.all(Array.from({ length: 50 }, () => revoke(tokens.refresh_token)))
    for (const answer of answers) expectRevoked(answer)
    await expectDead(tokens)
  })

  test.each(attacksOf('oauth-tokens.txt'))(
    'says 200, or what it cannot revoke, to the made-up token %j',
    async (form) => {
      const tokens = await connectMeraki(service, person)
      const answer = await revoke(form.replace('TAG', tokens.access_token.slice(0, 16)))
      if (answer.status !== 200) expectRefusal(answer, 'unsupported_token_type')
      await expectAlive(tokens)
    },
  )

  test('says 200 to 10 kB, and 400 to nothing or to two', async () => {
    expectRevoked(await revoke('x'.repeat(10_240)))
    for (const token of [undefined, '']) expectRefusal(await revoke(token), 'invalid_request')
    expectRefusal(
      await post(service, paths.revoke, { ...merakiSecret, token: ['a', 'b'] }),
      'invalid_request',
    )
  })

  test('refuses the token of another client and leaves it alone, RFC 7009 §2.1', async () => {
    const meraki = await connectMeraki(service, person)
    for (const token of [meraki.access_token, meraki.refresh_token]) {
      expectRefusal(await revoke(token, resourceServer), 'invalid_request')
      // Anybody can claim to be a public client, so it learns nothing.
      for (const client of [sdWan, splunk])
        expectRevoked(await revoke(token, { ...client, client_secret: undefined }))
    }
    await expectAlive(meraki)
    const device = await connectDevice(service, person)
    expectRefusal(await revoke(device.refresh_token), 'invalid_request')
    expectRevoked(await revoke(device.refresh_token, { ...splunk, client_secret: undefined }))
    expect(await v7Status(service, device.access_token)).toBe(200)
    expectRevoked(await revoke(device.refresh_token, { ...sdWan, client_secret: undefined }))
    expect(await v7Status(service, device.access_token)).toBe(401)
  })

  test('refuses a client that cannot prove who it is', async () => {
    const tokens = await connectMeraki(service, person)
    for (const client_secret of [undefined, '', 'wrong-secret'])
      expectRefusal(await revoke(tokens.refresh_token, { client_secret }), 'invalid_client', 401)
    expectRefusal(await revoke(tokens.refresh_token, { client_id: 'nope' }), 'invalid_client', 401)
    expectRefusal(await revoke(tokens.refresh_token, { client_id: undefined }), 'invalid_request')
    await expectAlive(tokens)
  })

  test('is durable before it answers: dead after a kill -9 at once, security-cases F06', async () => {
    using data = keptOnDisk()
    const tokens = await revokeAndKill(data.path)
    await using restarted = await startPanoptes(['--data', data.path])
    expect(await v7Status(restarted, tokens.access_token)).toBe(401)
    expectRefusal(await refresh(restarted, tokens.refresh_token), 'invalid_grant')
  })

  async function revokeAndKill(data: string): Promise<Tokens> {
    await using process = await startProcess(['--data', data])
    const tokens = await connectMeraki(process, await signedIn(process))
    expectRevoked(await revoke(tokens.access_token, {}, process))
    await process.kill()
    return tokens
  }
})
