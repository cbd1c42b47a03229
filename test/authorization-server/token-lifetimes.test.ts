import request from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import type { Person } from '../support/person.ts'
import {
  connectDevice,
  connectMeraki,
  expectRefusal,
  type Fields,
  merakiSecret,
  paths,
  post,
  resourceServer,
  sdWan,
  sdWanScope,
  signedIn,
  splunk,
  type Tokens,
  v7Status,
} from './protocol.ts'

const day = 86_400

interface Case {
  readonly name: string
  readonly client: Fields
  readonly seconds: { readonly access: number; readonly idle: number; readonly absolute: number }
  connect(service: RunningPanoptes, person: Person): Promise<Tokens>
}

/** Lifetimes as in config/integrations.yaml, which are ours: ThousandEyes publishes none. */
const cases: readonly Case[] = [
  {
    name: 'Meraki',
    client: merakiSecret,
    seconds: { access: 300, idle: day, absolute: 90 * day },
    connect: (service, person) => connectMeraki(service, person),
  },
  {
    name: 'SD-WAN Manager',
    client: sdWan,
    seconds: { access: 600, idle: 7 * day, absolute: 180 * day },
    connect: (service, person) => connectDevice(service, person, { ...sdWan, scope: `${sdWanScope} openid` }),
  },
  {
    name: 'the Splunk app',
    client: splunk,
    seconds: { access: 900, idle: 14 * day, absolute: 365 * day },
    connect: (service, person) =>
      connectDevice(service, person, { ...splunk, scope: 'organization:read tests:read openid' }),
  },
]

describe.each(cases)('lifetimes of $name', ({ client, seconds, connect }) => {
  let service: RunningPanoptes
  beforeAll(async () => {
    service = await startPanoptes()
  })
  afterAll(() => service.stop())

  // The browser session ends long before the connections do, so each test brings a person of its own.
  const connected = async (): Promise<Tokens> => connect(service, await signedIn(service))
  const refresh = (token: string): request.Test =>
    post(service, paths.token, { grant_type: 'refresh_token', ...client, refresh_token: token })
  const userinfo = (token: string): request.Test =>
    request(service.url).get(paths.userinfo).set('Authorization', `Bearer ${token}`)
  const isActive = async (token: string): Promise<boolean> =>
    (await post(service, paths.introspect, { ...resourceServer, token })).body.active

  test('an access token lives as long as expires_in says, and not a second longer anywhere', async () => {
    const { access_token: token, expires_in: lifetime } = await connected()
    expect(lifetime).toBe(seconds.access)
    service.advance(lifetime - 5)
    expect(await v7Status(service, token)).toBe(200)
    expect((await userinfo(token)).status).toBe(200)
    expect(await isActive(token)).toBe(true)
    service.advance(5)
    expect(await v7Status(service, token)).toBe(401)
    expectRefusal(await userinfo(token), 'invalid_token', 401)
    expect(await isActive(token)).toBe(false)
  })

  test('an unused refresh token ends, and one that is used in time slides on', async () => {
    const [idle, used] = [await connected(), await connected()]
    service.advance(seconds.idle - 60)
    const next = await refresh(used.refresh_token)
    expect(next.status, next.text).toBe(200)
    service.advance(61)
    expectRefusal(await refresh(idle.refresh_token), 'invalid_grant')
    service.advance(seconds.idle - 120)
    const last = await refresh(next.body.refresh_token)
    expect(last.status, last.text).toBe(200)
    expect(await v7Status(service, last.body.access_token)).toBe(200)
  })

  test('the connection ends at its absolute end however active it is, ASVS 5.0 10.4.8', async () => {
    let tokens = await connected()
    let age = 0
    const step = Math.floor(seconds.idle / 2)
    while (age + step < seconds.absolute - 120) {
      service.advance(step)
      age += step
      const answer = await refresh(tokens.refresh_token)
      expect(answer.status, `at ${age} of ${seconds.absolute} s: ${answer.text}`).toBe(200)
      tokens = answer.body as Tokens
    }
    service.advance(seconds.absolute - 120 - age)
    const shortened = await refresh(tokens.refresh_token)
    expect(shortened.status, shortened.text).toBe(200)
    // It promises no more than is left of the connection.
    expect(shortened.body.expires_in).toBeGreaterThan(110)
    expect(shortened.body.expires_in).toBeLessThanOrEqual(120)
    service.advance(121)
    expect(await v7Status(service, shortened.body.access_token)).toBe(401)
    expectRefusal(await refresh(shortened.body.refresh_token), 'invalid_grant')
  })
})
