import request from 'supertest'
import { describe, expect, test } from 'vitest'
import type { Integration } from '#domain/integration.ts'
import type { Operation } from '#domain/operation.ts'
import { opens } from '#domain/scope.ts'
import { openRoutes } from '#gateway/routes.ts'
import { rawExchange, statusesOf } from './raw-exchange.ts'
import {
  accessToken,
  aid,
  fullAccess,
  jsonAnswer,
  operations,
  startGateway,
  userApiToken,
} from './start-gateway.ts'

const bearer = { type: 'bearer' } as const

/** The path of an operation with an id in the place of each brace. */
const pathOf = ({ path }: Operation): string => `/v7${path.replace(/\{[^}]+\}/g, '77')}`

const methodOf = ({ method }: Operation) =>
  method.toLowerCase() as 'get' | 'post' | 'put' | 'patch' | 'delete'

const callOf = (port: number, method: string): string =>
  `${method} /v7/tests HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${accessToken}\r\n\r\n`

describe('the table of operations', () => {
  test.each(operations.map((operation) => [operation.method, operation.path, operation] as const))(
    'finds %s %s by its path',
    (method, _path, operation) => {
      const segments = pathOf(operation).split('/').slice(2)
      const match = openRoutes(operations).match(method, segments)
      expect(match?.operation).toBe(operation)
      expect(Object.keys(match?.parameters ?? {})).toEqual(
        [...operation.path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name),
      )
    },
  )

  test.each([
    ['/agents/proxies', {}],
    ['/alerts/rules', {}],
    ['/users/current', {}],
    ['/endpoint/agents/connection-string', {}],
    ['/tests/{testId}/history', { testId: '7' }],
    ['/tests/bgp/{testId}', { testId: 'history' }],
  ])('prefers static segments to parameters: %s', (path, parameters) => {
    const asked = path === '/tests/bgp/{testId}' ? '/tests/bgp/history' : path.replace(/\{\w+\}/, '7')
    const match = openRoutes(operations).match('GET', asked.split('/').slice(1))
    expect(match).toMatchObject({ operation: { path }, parameters })
  })

  test('falls back to a template with parameters when the static one lacks the method', () => {
    const match = openRoutes(operations).match('PUT', ['agents', 'proxies'])
    expect(match).toMatchObject({
      operation: { path: '/agents/{agentId}' },
      parameters: { agentId: 'proxies' },
    })
  })

  test('takes no empty id', () => {
    const routes = openRoutes(operations)
    expect(routes.match('GET', ['tests', ''])).toBeUndefined()
    expect(routes.methodsOf(['agents', ''])).toEqual([])
  })

  test('refuses two operations with one method and path', () => {
    const [first] = operations
    expect(() => openRoutes(first ? [first, first] : [])).toThrow('two operations answer')
  })

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('holds no %s', (name) => {
    expect(openRoutes(operations).methodsOf([name])).toEqual([])
  })
})

describe('unknown paths and methods', () => {
  test.each([
    '/v7',
    '/v7/',
    '/v7/tests/',
    '/v7/Tests',
    '/v7/unknown',
    '/v7/tests/bgp/1/2/3',
    '/v7/__proto__',
  ])('answers %s with 401 to the anonymous and an empty 404 to a caller', async (path) => {
    await using gateway = await startGateway()
    await request(gateway.url).get(path).expect(401)
    const answer = await request(gateway.url).get(path).auth(accessToken, bearer).expect(404)
    expect(answer.text).toBe('')
    expect(answer.headers['content-length']).toBe('0')
    expect(gateway.sent).toEqual([])
  })

  test('answers a wrong method with 405 and the methods of all templates that the path fits', async () => {
    await using gateway = await startGateway()
    const answer = await request(gateway.url)
      .patch('/v7/agents/proxies')
      .auth(accessToken, bearer)
      .expect(405)
    expect(answer.headers['allow']).toBe('DELETE, GET, HEAD, PUT')
    expect(answer.type).toBe('application/problem+json')
    await request(gateway.url).patch('/v7/agents/proxies').expect(401)
  })

  test.each(['TRACE', 'OPTIONS', 'PROPFIND', 'M-SEARCH', 'QUERY'])(
    'never lets %s through',
    async (method) => {
      await using gateway = await startGateway()
      const answer = await rawExchange(gateway.port, callOf(gateway.port, method))
      expect(statusesOf(answer)).toEqual([405])
      expect(gateway.sent).toEqual([])
    },
  )

  test.each(['CONNECT', 'get', 'PRI', 'G3T'])('has no answer but a refusal for %s', async (method) => {
    await using gateway = await startGateway()
    const answer = await rawExchange(gateway.port, callOf(gateway.port, method))
    expect(statusesOf(answer).filter((status) => status !== 400)).toEqual([])
    expect(gateway.sent).toEqual([])
  })

  test('heeds no method override', async () => {
    await using gateway = await startGateway()
    await request(gateway.url)
      .get('/v7/tests?_method=DELETE')
      .set({ 'X-HTTP-Method-Override': 'DELETE', 'X-Method-Override': 'DELETE', 'X-HTTP-Method': 'DELETE' })
      .auth(accessToken, bearer)
      .expect(200)
    expect(gateway.sent.map(({ operation }) => operation.method)).toEqual(['GET'])
  })

  test('answers HEAD as GET without the content', async () => {
    await using gateway = await startGateway()
    const answer = await request(gateway.url).head('/v7/tests').auth(accessToken, bearer).expect(200)
    expect(answer.headers['content-length']).toBe(String('{"tests":[]}'.length))
    expect(answer.text).toBeUndefined()
    expect(gateway.sent[0]?.operation.method).toBe('GET')
  })

  test('decodes an id once, slash included, as the Go SDK sends it', async () => {
    await using gateway = await startGateway()
    await request(gateway.url).get('/v7/tests/bgp/test%2Fid').auth(accessToken, bearer).expect(200)
    await request(gateway.url).get('/v7/tests/bgp/%C3%A9%20%2B').auth(accessToken, bearer).expect(200)
    expect(gateway.sent.map(({ parameters }) => parameters)).toEqual([
      { testId: 'test/id' },
      { testId: 'é +' },
    ])
  })
})

describe('scopes, RFC 6750 §3.1', () => {
  const words = [...new Set(operations.flatMap(({ scopes }) => scopes))]
  const openersOf = (operation: Operation): readonly string[] =>
    words.filter((word) => opens(new Set([word]), operation.scopes))

  test('open an operation if and only if the table says so, for every operation', async () => {
    const answer = () => jsonAnswer('{"accountGroups":[]}')
    await using gateway = await startGateway({ limits: false, answer })
    const statusWith = async (operation: Operation, scopes: readonly string[]): Promise<number> => {
      // The account group that `/account-groups/{id}` is called with is one of the grant.
      const accountGroups = [...fullAccess.accountGroups, aid('77')]
      gateway.grants.set(accessToken, { ...fullAccess, accountGroups, scopes: new Set(scopes) })
      const call = request(gateway.server)[methodOf(operation)](pathOf(operation))
      return (await call.auth(accessToken, bearer)).status
    }
    for (const operation of operations) {
      const openers = openersOf(operation)
      const others = words.filter((word) => !openers.includes(word))
      expect(openers, operation.id).not.toEqual([])
      expect(await statusWith(operation, [...others, 'openid']), operation.id).toBe(403)
      for (const word of openers)
        expect(await statusWith(operation, [word]), `${operation.id} ${word}`).toBe(200)
    }
  }, 60_000)

  test('name what is missing', async () => {
    await using gateway = await startGateway()
    gateway.grants.set(accessToken, { ...fullAccess, scopes: new Set(['organization:read']) })
    const answer = await request(gateway.url).get('/v7/tests').auth(accessToken, bearer).expect(403)
    expect(answer.headers['www-authenticate']).toBe('Bearer error="insufficient_scope", scope="tests:read"')
    expect(answer.body).toMatchObject({
      type: 'about:blank',
      title: 'Forbidden',
      status: 403,
      instance: '/v7/tests',
      code: 'insufficient_scope',
    })
    expect(gateway.sent).toEqual([])
  })

  test('name a scope that the client may ask for, where there is one', async () => {
    const scopes = ['tests:manage', 'organization:read']
    const find = async (clientId: string): Promise<Integration> => ({
      clientId,
      name: clientId,
      onPremises: true,
      grantTypes: [],
      redirectUris: [],
      postLogoutRedirectUris: [],
      scopes,
      lifetimes: { accessSeconds: 300, idleSeconds: 600, absoluteSeconds: 900 },
    })
    await using gateway = await startGateway({ parts: { integrations: { find } } })
    gateway.grants.set(accessToken, { ...fullAccess, scopes: new Set(['organization:read']) })
    const answer = await request(gateway.url).get('/v7/tests').auth(accessToken, bearer).expect(403)
    expect(answer.headers['www-authenticate']).toBe('Bearer error="insufficient_scope", scope="tests:manage"')
  })

  test('do not limit a User API Token', async () => {
    await using gateway = await startGateway()
    await request(gateway.url).get('/v7/tests').auth(userApiToken, bearer).expect(200)
  })

  test('leave an operation without scopes closed to everybody', async () => {
    const closed = operations.map((operation) => ({ ...operation, scopes: [] }))
    await using gateway = await startGateway({ parts: { operations: closed } })
    await request(gateway.url).get('/v7/tests').auth(accessToken, bearer).expect(403)
    await request(gateway.url).get('/v7/tests').auth(userApiToken, bearer).expect(403)
  })
})
