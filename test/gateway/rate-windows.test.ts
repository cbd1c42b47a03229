import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { userIdOf } from '#domain/user.ts'
import { accessToken, admin, fullAccess, madeUpToken, startGateway, userApiToken } from './start-gateway.ts'

const bearer = { type: 'bearer' } as const

const windowOf = (headers: Record<string, string>, window: string): readonly number[] =>
  ['limit', 'remaining', 'reset'].map((word) => Number(headers[`x-${window}-rate-limit-${word}`]))

describe('rate windows, thousandeyes-facts 6.3', () => {
  test('stand on every answer to a known caller, with the epoch second of the next minute', async () => {
    await using gateway = await startGateway()
    const reset = Math.floor(gateway.clock.now() / 60_000) * 60 + 60
    const paths = ['/v7/tests', '/v7/unknown', '/v7/tests?aid=x']
    for (const [index, path] of paths.entries()) {
      const { headers } = await request(gateway.url).get(path).auth(userApiToken, bearer)
      expect(windowOf(headers, 'organization')).toEqual([240, 239 - index, reset])
    }
  })

  test('are missing on a 401', async () => {
    await using gateway = await startGateway()
    const { headers } = await request(gateway.url).get('/v7/tests').expect(401)
    expect(Object.keys(headers).filter((name) => name.includes('rate-limit'))).toEqual([])
  })

  test('answer 429 without Retry-After to the 241st call of the minute, and 200 in the next', async () => {
    await using gateway = await startGateway()
    for (let call = 0; call < 240; call += 1)
      await request(gateway.server).get('/v7/tests').auth(userApiToken, bearer).expect(200)
    const answer = await request(gateway.server).get('/v7/tests').auth(userApiToken, bearer).expect(429)
    expect(answer.type).toBe('application/problem+json')
    expect(answer.body).toMatchObject({ status: 429, code: 'rate_limit_exhausted', instance: '/v7/tests' })
    expect(windowOf(answer.headers, 'organization').slice(0, 2)).toEqual([240, 0])
    expect(answer.headers).not.toHaveProperty('retry-after')
    expect(gateway.sent).toHaveLength(240)
    gateway.clock.advance(60)
    await request(gateway.server).get('/v7/tests').auth(userApiToken, bearer).expect(200)
  })

  test('are apart for the organization and for each client', async () => {
    await using gateway = await startGateway()
    const other = madeUpToken('o')
    gateway.clients.add('splunk-app')
    gateway.grants.set(other, { ...fullAccess, clientId: 'splunk-app' })
    for (const token of [userApiToken, accessToken, other]) {
      const { headers } = await request(gateway.url).get('/v7/tests').auth(token, bearer).expect(200)
      expect(windowOf(headers, 'organization')[1]).toBe(239)
    }
  })

  test('are shared by the users of an organization', async () => {
    await using gateway = await startGateway()
    const colleague = { ...admin, id: userIdOf('us1', '1002'), uid: '1002' }
    const token = '11111111-2222-3333-4444-555555555555'
    gateway.users.set(colleague.id, colleague)
    gateway.userApiTokens.set(token, colleague.id)
    await request(gateway.url).get('/v7/tests').auth(userApiToken, bearer)
    const { headers } = await request(gateway.url).get('/v7/tests').auth(token, bearer)
    expect(windowOf(headers, 'organization')[1]).toBe(238)
  })

  test.each([
    ['instant-test', '/v7/tests/http-server/instant', 24],
    ['template-deploy', '/v7/templates/7/deploy', 10],
    ['dashboard-snapshot', '/v7/dashboard-snapshots', 100],
  ])('hold %s calls of their own', async (window, path, limit) => {
    await using gateway = await startGateway()
    const first = await request(gateway.url).post(path).auth(accessToken, bearer).send({}).expect(200)
    expect(windowOf(first.headers, window).slice(0, 2)).toEqual([limit, limit - 1])
    for (let call = 1; call < limit; call += 1)
      await request(gateway.server).post(path).auth(accessToken, bearer).send({}).expect(200)
    const last = await request(gateway.url).post(path).auth(accessToken, bearer).send({}).expect(429)
    expect(windowOf(last.headers, window).slice(0, 2)).toEqual([limit, 0])
    expect(windowOf(last.headers, 'organization')[1]).toBe(240 - limit - 1)
    expect(gateway.sent).toHaveLength(limit)
  })

  test('of template deploys tell the seconds left, 0 while open', async () => {
    await using gateway = await startGateway()
    gateway.clock.advance(15)
    const resets: (number | undefined)[] = []
    for (let call = 0; call < 11; call += 1) {
      const { headers } = await request(gateway.url)
        .post('/v7/templates/7/deploy')
        .auth(accessToken, bearer)
        .send({})
      resets.push(windowOf(headers, 'template-deploy')[2])
    }
    expect(resets).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 45, 45])
  })

  test('stay full with --limits off, headers and all', async () => {
    await using gateway = await startGateway({ limits: false })
    for (let call = 0; call < 300; call += 1) {
      const { headers } = await request(gateway.server).get('/v7/tests').auth(accessToken, bearer).expect(200)
      expect(windowOf(headers, 'organization').slice(0, 2)).toEqual([240, 240])
    }
  })
})
