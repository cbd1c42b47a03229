import type { Response } from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import type { Person } from '../support/person.ts'
import { keptOnDisk } from './kept-on-disk.ts'
import { startProcess } from './own-process.ts'
import {
  connectDevice,
  connectMeraki,
  expectRefusal,
  type Fields,
  merakiScope,
  paths,
  post,
  refresh,
  sdWan,
  signedIn,
  splunk,
  type Tokens,
  v7Status,
} from './protocol.ts'

/** A retry after a lost answer and a parallel twin get the same successor (DECISIONS 6; FAPI 2.0 §5.3.2.1). */
let service: RunningPanoptes
let person: Person

beforeAll(async () => {
  service = await startPanoptes()
  person = await signedIn(service)
})
afterAll(() => service.stop())

const newTokens = (): Promise<Tokens> => connectMeraki(service, person)
const refreshed = async (token: string, changes: Fields = {}): Promise<Tokens> => {
  const answer = await refresh(service, token, changes)
  expect(answer.status, answer.text).toBe(200)
  return answer.body as Tokens
}
const isAlive = async (tokens: Tokens): Promise<boolean> =>
  (await v7Status(service, tokens.access_token)) === 200

describe('POST /v7/oauth2/token, a refresh that comes again inside the window', () => {
  test('gets the very same answer, however often it comes', async () => {
    const { refresh_token: first } = await newTokens()
    const answer = await refreshed(first)
    for (let retries = 0; retries < 3; retries += 1) {
      service.advance(2)
      const again = await refresh(service, first)
      expect(again.body).toEqual(answer)
      expect(again.headers['cache-control']).toBe('no-store')
    }
    expect(await isAlive(answer)).toBe(true)
    expect((await refreshed(answer.refresh_token)).refresh_token).not.toBe(answer.refresh_token)
  })

  test('ends the connection when it comes after the window has passed', async () => {
    const { refresh_token: first } = await newTokens()
    const answer = await refreshed(first)
    service.advance(9)
    expect(await refreshed(first)).toEqual(answer)
    service.advance(2)
    expectRefusal(await refresh(service, first), 'invalid_grant')
    expect(await isAlive(answer)).toBe(false)
    expectRefusal(await refresh(service, answer.refresh_token), 'invalid_grant')
  })

  test('ends the connection when the successor has been used: the answer had arrived', async () => {
    const { refresh_token: first } = await newTokens()
    const second = await refreshed(first)
    const third = await refreshed(second.refresh_token)
    expectRefusal(await refresh(service, first), 'invalid_grant')
    expect(await isAlive(third)).toBe(false)
    expectRefusal(await refresh(service, third.refresh_token), 'invalid_grant')
  })

  test('is not ended by the use of the new access token, which a parallel twin may have', async () => {
    const { refresh_token: first } = await newTokens()
    const answer = await refreshed(first)
    expect(await isAlive(answer)).toBe(true)
    expect(await refreshed(first)).toEqual(answer)
  })

  test('gives another client nothing and harms nobody', async () => {
    const tokens = await connectDevice(service, person)
    const asSdWan = (token: string): Promise<Response> =>
      post(service, paths.token, { grant_type: 'refresh_token', ...sdWan, refresh_token: token }).then()
    const answer = await asSdWan(tokens.refresh_token)
    const stranger = { ...splunk, client_secret: undefined }
    expectRefusal(await refresh(service, tokens.refresh_token, stranger), 'invalid_grant')
    expect((await asSdWan(tokens.refresh_token)).body).toEqual(answer.body)
  })

  test('is another request with another scope: refused, and nobody is harmed', async () => {
    const { refresh_token: first } = await newTokens()
    const narrow = await refreshed(first, { scope: 'organization:read' })
    for (const scope of [undefined, 'tests:manage', merakiScope, 'nope:read'])
      expectRefusal(await refresh(service, first, { scope }), 'invalid_grant')
    expect(await refreshed(first, { scope: 'organization:read' })).toEqual(narrow)
    expect(await isAlive(narrow)).toBe(true)
    expect((await refreshed(narrow.refresh_token)).scope).toBe(merakiScope)
  })

  test('gets nothing once the connection has been revoked', async () => {
    const { refresh_token: first } = await newTokens()
    const answer = await refreshed(first)
    await post(service, paths.revoke, {
      client_id: 'meraki',
      client_secret: 'meraki-secret',
      token: answer.access_token,
    })
    expectRefusal(await refresh(service, first), 'invalid_grant')
  })
})

describe('POST /v7/oauth2/token, one refresh token in many requests at once', () => {
  /** Every 200 is the same successor, it works, and no second leaf lives (security-cases C03). */
  async function expectOneLeaf(
    answers: readonly Response[],
    at: Pick<RunningPanoptes, 'url'> = service,
  ): Promise<void> {
    const successes = answers.filter(({ status }) => status === 200)
    expect(successes.length).toBeGreaterThan(0)
    for (const answer of answers) if (answer.status !== 200) expectRefusal(answer, 'invalid_grant')
    expect(new Set(successes.map(({ text }) => text)).size).toBe(1)
    const tokens = successes[0]?.body as Tokens
    expect(await v7Status(at, tokens.access_token)).toBe(200)
    const next = await refresh(at, tokens.refresh_token)
    expect(next.status, next.text).toBe(200)
  }

  test('answers 50 twins with one successor, which goes on', async () => {
    for (let round = 0; round < 4; round += 1) {
      const { refresh_token: token } = await newTokens()
      const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(service, token).then()))
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(50)
      await expectOneLeaf(answers)
    }
  })

  test('answers twins on two processes with one file with one successor, which goes on', async () => {
    using data = keptOnDisk()
    await using one = await startPanoptes(['--data', data.path])
    await using other = await startPanoptes(['--data', data.path])
    const someone = await signedIn(one)
    for (let round = 0; round < 4; round += 1) {
      const { refresh_token: token } = await connectMeraki(one, someone)
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) => refresh(index % 2 === 0 ? one : other, token).then()),
      )
      await expectOneLeaf(answers, round % 2 === 0 ? one : other)
    }
  })
})

describe('POST /v7/oauth2/token, after a kill -9 and a restart on the same data directory, security-cases C04, C14', () => {
  test('a retry inside the window gets the same answer, and a replay after it ends the connection', async () => {
    using data = keptOnDisk()
    const [first, answer] = await refreshAndKill(data.path)
    await using restarted = await startPanoptes(['--data', data.path])
    expect((await refresh(restarted, first)).body).toEqual(answer)
    expect(await v7Status(restarted, answer.access_token)).toBe(200)
    restarted.advance(11)
    expectRefusal(await refresh(restarted, first), 'invalid_grant')
    expect(await v7Status(restarted, answer.access_token)).toBe(401)
    expectRefusal(await refresh(restarted, answer.refresh_token), 'invalid_grant')
  })

  /** @returns the spent token and what it gave, both from a process that is dead now */
  async function refreshAndKill(data: string): Promise<[string, Tokens]> {
    await using process = await startProcess(['--data', data])
    const { refresh_token: first } = await connectMeraki(process, await signedIn(process))
    const answer = await refresh(process, first)
    await process.kill()
    expect(answer.status, answer.text).toBe(200)
    return [first, answer.body as Tokens]
  }
})
