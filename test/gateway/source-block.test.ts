import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { accessToken, startGateway } from './start-gateway.ts'

const bearer = { type: 'bearer' } as const
const proxied = { trustedProxies: ['127.0.0.1'] }

describe('source block, thousandeyes-facts 6.4', () => {
  test('answers the 121st unauthorized call with 429, parallel or not, and good tokens too', async () => {
    await using gateway = await startGateway()
    const statuses = await Promise.all(
      Array.from({ length: 150 }, async () => (await fetch(`${gateway.url}/v7/tests`)).status),
    )
    expect(statuses.filter((status) => status === 401)).toHaveLength(120)
    expect(statuses.filter((status) => status === 429)).toHaveLength(30)
    const answer = await request(gateway.url).get('/v7/tests').auth(accessToken, bearer).expect(429)
    expect(answer.body).toMatchObject({ status: 429, code: 'source_blocked' })
    expect(Object.keys(answer.headers).filter((name) => /rate-limit|retry-after/.test(name))).toEqual([])
    expect(gateway.sent).toEqual([])
  })

  test('tells in the log how to unblock', async () => {
    await using gateway = await startGateway()
    for (let call = 0; call < 121; call += 1) await request(gateway.server).get('/v7/tests')
    const line = gateway.log.at(-1)
    expect(line).toMatchObject({ status: 429, code: 'source_blocked', address: '127.0.0.1' })
    expect(line?.note).toContain('DELETE /operator/blocked-addresses/127.0.0.1')
  })

  test('ends after an hour', async () => {
    await using gateway = await startGateway()
    for (let call = 0; call < 121; call += 1) await request(gateway.server).get('/v7/tests')
    gateway.clock.advance(3600)
    await request(gateway.url).get('/v7/tests').auth(accessToken, bearer).expect(200)
  })

  test('counts by the caller behind a trusted proxy', async () => {
    await using gateway = await startGateway(proxied)
    for (let call = 0; call < 121; call += 1)
      await request(gateway.server).get('/v7/tests').set('X-Forwarded-For', '192.0.2.1')
    const callAs = (address: string) =>
      request(gateway.server).get('/v7/tests').set('X-Forwarded-For', address).auth(accessToken, bearer)
    await callAs('192.0.2.1').expect(429)
    await callAs('192.0.2.2').expect(200)
  })

  test('cannot be escaped or aimed at others by a forwarded header of an untrusted peer', async () => {
    await using gateway = await startGateway()
    for (let call = 0; call < 121; call += 1)
      await request(gateway.server).get('/v7/tests').set('X-Forwarded-For', `192.0.2.${call}`)
    await request(gateway.server)
      .get('/v7/tests')
      .set('X-Forwarded-For', '198.51.100.1')
      .auth(accessToken, bearer)
      .expect(429)
  })

  test('counts no other refusals', async () => {
    await using gateway = await startGateway({ limits: true })
    for (let call = 0; call < 130; call += 1)
      await request(gateway.server).get('/v7/unknown').auth(accessToken, bearer).expect(404)
    await request(gateway.server).get('/v7/tests').auth(accessToken, bearer).expect(200)
  })

  test('is off with --limits off', async () => {
    await using gateway = await startGateway({ limits: false })
    for (let call = 0; call < 130; call += 1) await request(gateway.server).get('/v7/tests').expect(401)
  })
})
