import request, { type Test } from 'supertest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectMeraki, readsAgents, refresh, type Tokens } from '../steps/requests.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'

const people = {
  acme: ['admin@acme.example', 'panoptes-us1', 'us1'],
  initech: ['admin@acme.example', 'panoptes-eu1', 'eu1'],
  ops: ['ops@acme.example', 'panoptes-us1', 'us1'],
} as const

describe('the operator listener', () => {
  let service: RunningPanoptes
  beforeAll(async () => {
    service = await startPanoptes()
  })
  afterAll(() => service.stop())

  const as = (sent: Test, token = service.operatorToken): Test => sent.set('Authorization', `Bearer ${token}`)
  const list = (query = ''): Test => as(request(service.operatorUrl).get(`/operator/connections${query}`))
  const end = (query = ''): Test => as(request(service.operatorUrl).delete(`/operator/connections${query}`))

  async function connectAll(): Promise<Record<keyof typeof people, Tokens>> {
    const [acme, initech, ops] = await Promise.all(
      Object.values(people).map((who) => connectMeraki(service, new Person(), who)),
    )
    if (!acme || !initech || !ops) throw new Error('not everybody is connected')
    return { acme, initech, ops }
  }

  const works = async (tokens: Record<string, Tokens>): Promise<readonly string[]> => {
    const statuses = await Promise.all(
      Object.entries(tokens).map(async ([name, { access_token }]) => [
        name,
        await readsAgents(service, access_token),
      ]),
    )
    return statuses.filter(([, status]) => status === 200).map(([name]) => String(name))
  }

  test.each(['/health/live', '/health/ready'])('%s answers 200 without a token', async (path) => {
    await request(service.operatorUrl).get(path).expect(200)
    await request(service.operatorUrl).head(path).expect(200)
  })

  test.each([
    ['none', undefined],
    ['an empty one', 'Bearer '],
    ['a wrong one', 'Bearer wrong-wrong-wrong-wrong'],
    ['another scheme', 'Basic b3BlcmF0b3I6'],
    ['a User API Token', 'Bearer f537f4ac-2921-3199-bbab-d5a43f1c2b60'],
    ['a long one', `Bearer ${'x'.repeat(10_000)}`],
  ])('refuses with 401 a token that is %s', async (_, authorization) => {
    for (const sent of [
      request(service.operatorUrl).get('/operator/connections'),
      request(service.operatorUrl).delete('/operator/connections?region=us1'),
      request(service.operatorUrl).get('/operator/nothing'),
      request(service.operatorUrl).get('/operator'),
      request(service.operatorUrl).get('/Operator/connections'),
      request(service.operatorUrl).delete('/OPERATOR/CONNECTIONS?region=us1'),
      request(service.operatorUrl).get('//operator/connections'),
      request(service.operatorUrl).get('/operator/connections/'),
      request(service.operatorUrl).get('/%6fperator/connections'),
      request(service.operatorUrl).get('/health/live/../../operator/connections'),
      request(service.operatorUrl).get('/'),
    ]) {
      const answer = await (authorization === undefined ? sent : sent.set('Authorization', authorization))
      expect(answer.status).toBe(401)
      expect(answer.headers['www-authenticate']).toBe('Bearer realm="operator"')
      expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
      expect(answer.text).not.toContain(service.operatorToken)
    }
  })

  test('lists connections, without a secret in them', async () => {
    const { acme } = await connectAll()
    const { body, text } = await list('?user=admin@acme.example&region=us1').expect(200)
    expect(body.connections).toHaveLength(1)
    expect(body.connections[0]).toMatchObject({
      user: 'us1.1001',
      integration: 'meraki',
      region: 'us1',
      accountGroups: ['1101', '1102'],
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    })
    expect(text).not.toContain(acme.access_token)
    expect(text).not.toContain(acme.refresh_token)
    await end('?integration=meraki').expect(200)
  })

  test.each([
    ['a user by e-mail, in every region', '?user=ADMIN@acme.example', ['ops']],
    ['a user by id', '?user=us1.1001', ['initech', 'ops']],
    ['a user in one region', '?user=admin@acme.example&region=eu1', ['acme', 'ops']],
    ['a region', '?region=us1', ['initech']],
    ['an integration', '?integration=meraki', []],
    ['an integration that is not connected', '?integration=sd-wan-manager', ['acme', 'initech', 'ops']],
    [
      'all that is given together',
      '?integration=meraki&region=us1&user=ops@acme.example',
      ['acme', 'initech'],
    ],
    ['nobody', '?user=nobody@acme.example', ['acme', 'initech', 'ops']],
  ])('ends the connections of %s', async (_, query, left) => {
    const tokens = await connectAll()
    const { body } = await end(query).expect(200)
    expect(body).toEqual({ revoked: 3 - left.length })
    expect(await works(tokens)).toEqual(left)
    const ended = Object.entries(tokens).filter(([name]) => !left.some((one) => one === name))
    for (const [, { refresh_token }] of ended) {
      const answer = await refresh(service, refresh_token)
      expect(await answer.json()).toMatchObject({ error: 'invalid_grant' })
    }
    expect((await end(query).expect(200)).body).toEqual({ revoked: 0 })
    await end('?integration=meraki')
  })

  test.each([
    ['no filter', ''],
    ['an unknown parameter', '?usr=admin@acme.example'],
    ['an unknown one beside a known one', '?region=us1&force=true'],
    ['a region that does not exist', '?region=us3'],
    ['Default as a region', '?region=default'],
    ['a parameter that stands twice', '?region=us1&region=eu1'],
    ['an empty parameter', '?user='],
    ['another spelling', '?Region=us1'],
  ])('ends nothing with %s, and says what is allowed', async (_, query) => {
    const tokens = await connectAll()
    const { body } = await end(query).expect(400)
    expect(body.title).toMatch(/allowed are|at least one of|twice or is empty/)
    expect(await works(tokens)).toEqual(['acme', 'initech', 'ops'])
    await end('?integration=meraki').expect(200)
  })

  test.each([
    ['get', '/', 404],
    ['get', '/Operator/connections', 404],
    ['get', '/operator/connections/', 404],
    ['get', '/metrics/', 404],
    ['post', '/metrics', 405],
    ['get', '/v7/tests', 404],
    ['get', '/emulator/clock', 404],
    ['post', '/operator/connections', 405],
    ['put', '/health/live', 405],
    ['trace', '/operator/connections', 501],
    ['delete', '/operator/blocked-addresses/%zz', 400],
    ['delete', '/operator/blocked-addresses/nobody', 400],
    ['delete', '/operator/blocked-addresses/', 404],
  ] as const)('%s %s is answered with %i', async (method, path, status) => {
    const answer = await as(request(service.operatorUrl)[method](path))
    expect(answer.status).toBe(status)
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
  })

  test('lifts the block of an address', async () => {
    await as(request(service.operatorUrl).delete('/operator/blocked-addresses/203.0.113.9')).expect(204)
    await as(request(service.operatorUrl).delete('/operator/blocked-addresses/2001:db8::1')).expect(204)
  })

  test('lifts it in whatever words the address is written', async () => {
    const call = (): Test => request(service.url).get('/v7/tests').set('Authorization', 'Bearer nothing')
    for (let count = 0; count < 125; count += 1) await call()
    await call().expect(429)
    await as(request(service.operatorUrl).delete('/operator/blocked-addresses/::ffff:127.0.0.1')).expect(204)
    await call().expect(401)
  })

  test.each(['/operator/connections', '/health/live', '/health/ready', '/metrics'])(
    '%s is not reachable on the public port, with the token either',
    async (path) => {
      for (const method of ['get', 'delete', 'post'] as const)
        await as(request(service.url)[method](path)).expect(404)
    },
  )

  test('logs what was ended, and no secret', async () => {
    await end('?region=us2').expect(200)
    const line = service.log.find((entry) => 'event' in entry && entry.event === 'connections-ended')
    expect(line).toMatchObject({ revoked: expect.any(Number) })
    expect(JSON.stringify(service.log)).not.toContain(service.operatorToken)
  })
})

describe('the operator token', () => {
  test('may be configured, and then it stays', async () => {
    await using service = await startPanoptes([], { PANOPTES_OPERATOR_TOKEN: 'a-token-of-the-operator' })
    expect(service.operatorToken).toBe('a-token-of-the-operator')
    await request(service.operatorUrl)
      .get('/operator/connections')
      .set('Authorization', 'bearer a-token-of-the-operator')
      .expect(200)
  })

  test('is made anew at every start otherwise', async () => {
    await using one = await startPanoptes()
    await using other = await startPanoptes()
    expect(one.operatorToken).toMatch(/^[\w-]{32}$/)
    expect(other.operatorToken).not.toBe(one.operatorToken)
  })
})
