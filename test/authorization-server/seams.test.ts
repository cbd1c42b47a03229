import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Adapter, type AdapterPayload, type Configuration, Provider } from 'oidc-provider'
import { beforeAll, describe, expect, test } from 'vitest'
import type { SecretJudge } from '#authorization-server/client-secrets.ts'
import type { GrantWork } from '#authorization-server/grant-work.ts'
import { matchesLoopback, openSeams } from '#authorization-server/seams.ts'
import { unitsOfWork } from '#authorization-server/unit-of-work.ts'
import type { GrantTag } from '#domain/grant.ts'
import { grantTagOf, refreshTokenParts, tagOfToken } from '#grants/token-values.ts'
import { newKeyMaterial } from '#secrets/key-file.ts'
import { secretsFrom } from '#secrets/secrets.ts'
import type { Store } from '#store/store.ts'

/** What seams.ts relies on in oidc-provider. When a release moves one of these, this file says which seam is open. */
const pinned = '9.13.3'

interface Prototype {
  generateTokenId?(): string
  readonly [name: string]: unknown
}
const prototypeOf = (model: unknown): Prototype => (model as { prototype: Prototype }).prototype
const payloadOf = (model: unknown): readonly string[] => [
  ...new Set((model as { readonly IN_PAYLOAD: readonly string[] }).IN_PAYLOAD),
]

const material = await newKeyMaterial(randomBytes)

/** What the engine has stored, by model and id. */
const stored = new Map<string, AdapterPayload>()

const recordingAdapter = (model: string): Adapter => ({
  upsert: (id, payload) => Promise.resolve(void stored.set(`${model}:${id}`, payload)),
  find: (id) => Promise.resolve(stored.get(`${model}:${id}`)),
  findByUid: () => Promise.resolve(undefined),
  findByUserCode: () => Promise.resolve(undefined),
  consume: () => Promise.resolve(),
  destroy: () => Promise.resolve(),
  revokeByGrantId: () => Promise.resolve(),
})

const newProvider = (): Provider =>
  new Provider('http://localhost:1', {
    adapter: recordingAdapter,
    clients: [
      {
        client_id: 'web',
        client_secret: 'the secret',
        redirect_uris: ['http://127.0.0.1/cb', 'https://app.example/cb'],
      },
      {
        client_id: 'native',
        token_endpoint_auth_method: 'none',
        application_type: 'native',
        redirect_uris: ['http://127.0.0.1/cb'],
        post_logout_redirect_uris: ['http://127.0.0.1/out'],
      },
    ],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    jwks: { keys: material.signing as unknown as NonNullable<Configuration['jwks']>['keys'] },
    features: { devInteractions: { enabled: false } },
  })

describe('the engine’s classes', () => {
  const provider = newProvider()

  test(`are those of oidc-provider ${pinned}, which package.json pins exactly`, () => {
    const read = (path: string): { version?: string; dependencies?: Record<string, string> } =>
      JSON.parse(readFileSync(path, 'utf8'))
    expect(read('node_modules/oidc-provider/package.json').version).toBe(pinned)
    expect(read('package.json').dependencies?.['oidc-provider']).toBe(pinned)
  })

  test.each(['AccessToken', 'AuthorizationCode', 'RefreshToken'] as const)('%s makes its own id', (name) => {
    expect(prototypeOf(provider[name]).generateTokenId).toBeTypeOf('function')
  })

  test('Client decides on redirect URIs and secrets in methods of its own', () => {
    const own = Object.getOwnPropertyNames(prototypeOf(provider.Client))
    expect(own).toEqual(
      expect.arrayContaining(['redirectUriAllowed', 'postLogoutRedirectUriAllowed', 'compareClientSecret']),
    )
  })

  test('store no instant that engine-time.ts does not shift', () => {
    const instants = new Set(['exp', 'iat', 'iiat', 'loginTs', 'authTime', 'consumed'])
    const models = [
      provider.Session,
      provider.Interaction,
      provider.Grant,
      provider.AuthorizationCode,
      provider.AccessToken,
      provider.RefreshToken,
      provider.DeviceCode,
      provider.RegistrationAccessToken,
    ]
    const named = models.flatMap((model) => payloadOf(model))
    const timeLike = named.filter((name) => /(?:exp|iat|Ts|At|Time|nbf|consumed|Until|Since)$/.test(name))
    expect(timeLike.filter((name) => !instants.has(name))).toEqual([])
    expect([...instants].filter((name) => !named.includes(name))).toEqual([])
  })

  test('store of an access token what token-adapter.ts restores', () => {
    expect(payloadOf(provider.AccessToken)).toEqual([
      ...['iat', 'exp', 'jti', 'kind', 'clientId', 'gty', 'grantId', 'x5t#S256', 'jkt', 'sessionUid'],
      ...['expiresWithSession', 'accountId', 'aud', 'rar', 'claims', 'extra', 'scope', 'sid'],
    ])
  })
})

describe('with the seams', () => {
  const provider = newProvider()
  const judged: string[] = []
  const secrets = secretsFrom(material, randomBytes)
  /** The generation that the grant's record holds, as the running unit of work would say. */
  let generation = 0

  beforeAll(() => {
    const judge: SecretJudge = async (client, presented) => {
      judged.push(`${client.clientId}:${presented}`)
      return client.clientSecret === presented
    }
    const loaded = (_tag: GrantTag): unknown => ({ refresh: { generation } })
    const units = unitsOfWork({} as Store)
    const work = { loaded } as unknown as GrantWork
    openSeams(provider, { units, work, secrets, judge, engineNow: Date.now })
  })

  const issued = {
    accountId: 'us1.1',
    grantId: 'the id of the grant',
    gty: 'authorization_code',
    scope: 'openid',
  }

  test('access tokens and codes begin with the tag of their grant, and are stored under what is given out', async () => {
    const client = await provider.Client.find('web')
    if (!client) throw new Error('no client')
    const token = await new provider.AccessToken({ ...issued, client }).save()
    expect(tagOfToken(token)).toBe(grantTagOf(issued.grantId))
    expect(stored.get(`AccessToken:${token}`)).toMatchObject({ jti: token, grantId: issued.grantId })
    const code = await new provider.AuthorizationCode({
      ...issued,
      client,
      redirectUri: 'https://app.example/cb',
    }).save()
    expect(tagOfToken(code)).toBe(grantTagOf(issued.grantId))
    expect(code).not.toBe(token)
  })

  test('refresh tokens carry the next generation under a MAC', async () => {
    const client = await provider.Client.find('web')
    if (!client) throw new Error('no client')
    for (generation = 0; generation < 3; generation += 1) {
      const token = await new provider.RefreshToken({
        ...issued,
        client,
        rotations: generation,
      } as never).save()
      const tag = grantTagOf(issued.grantId)
      expect(refreshTokenParts(secrets, token)).toEqual({ tag, generation: generation + 1 })
    }
  })

  test('two thousand values share nothing but their tag, and no letter is favoured, OAuth 2.1 §7.3', async () => {
    const client = await provider.Client.find('web')
    if (!client) throw new Error('no client')
    const counts = new Map<string, number>()
    const seen = new Set<string>()
    for (let index = 0; index < 2_000; index += 1) {
      const random = (await new provider.AccessToken({ ...issued, client }).save()).slice(17)
      expect(random).toMatch(/^[\w-]{43}$/)
      seen.add(random)
      for (const letter of random) counts.set(letter, (counts.get(letter) ?? 0) + 1)
    }
    expect(seen.size).toBe(2_000)
    expect(counts.size).toBe(64)
    const expected = (2_000 * 43) / 64
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
    // 63 degrees of freedom: above 140 in one of ten million runs.
    expect(chiSquare).toBeLessThan(140)
  })

  test.each(['AccessToken', 'RefreshToken'] as const)(
    'of a %s is kept and told what the engine alone keeps and tells',
    async (name) => {
      const plain = newProvider()
      const told: string[] = []
      const keptBy = async (engine: Provider, members: object): Promise<object | undefined> => {
        const client = await engine.Client.find('web')
        const token = new engine[name]({ ...issued, client, ...members } as never)
        for (const event of ['saved', 'destroyed', 'consumed'])
          engine.once(
            `${name === 'AccessToken' ? 'access' : 'refresh'}_token.${event}` as 'access_token.saved',
            (one) => told.push(`${event} ${String(one === (token as unknown))}`),
          )
        const id = await token.save()
        await token.destroy()
        const { jti, extra, ...payload } = stored.get(`${name}:${id}`) ?? {}
        expect([jti, extra]).toEqual([id, undefined])
        return payload
      }
      for (const members of [
        {},
        { iat: 1_000, exp: 4_000_000_000 },
        {
          scope: undefined,
          claims: { userinfo: { email: null } },
          sid: 'sid',
          rotations: 3,
          'x5t#S256': 'x',
        },
        { strange: 'not kept', jti: undefined, amr: ['pwd'], iiat: 7, __proto__: { scope: 'inherited' } },
      ]) {
        const [expected, actual] = [await keptBy(plain, members), await keptBy(provider, members)]
        expect(actual).toEqual({ ...expected, iat: expect.any(Number), exp: expect.any(Number) })
        if ('exp' in members) expect(actual).toMatchObject(members)
        else
          expect(
            Math.abs(Number(actual?.['exp' as never]) - Number(expected?.['exp' as never])),
          ).toBeLessThan(5)
        expect(told.splice(0)).toEqual(['saved true', 'destroyed true', 'saved true', 'destroyed true'])
      }
    },
  )

  test('one rule holds for the redirect URIs of web and native clients', async () => {
    const [web, native] = [await provider.Client.find('web'), await provider.Client.find('native')]
    for (const client of [web, native]) {
      expect(client?.redirectUriAllowed('http://127.0.0.1:8080/cb')).toBe(true)
      expect(client?.redirectUriAllowed('http://127.0.0.1:0/cb')).toBe(false)
      expect(client?.redirectUriAllowed('http://localhost/cb')).toBe(false)
    }
    expect(web?.redirectUriAllowed('https://app.example/cb')).toBe(true)
    expect(web?.redirectUriAllowed('https://app.example:8443/cb')).toBe(false)
    expect(native?.postLogoutRedirectUriAllowed('http://127.0.0.1:1/out')).toBe(true)
    expect(native?.postLogoutRedirectUriAllowed('http://127.0.0.1:1/cb')).toBe(false)
  })

  test('client secrets are ours to judge', async () => {
    const client = await provider.Client.find('web')
    expect(await client?.compareClientSecret('the secret')).toBe(true)
    expect(await client?.compareClientSecret('the secret\0')).toBe(false)
    expect(judged).toEqual(['web:the secret', 'web:the secret\0'])
  })
})

describe('matchesLoopback, RFC 8252 §7.3', () => {
  test.each([
    ['http://127.0.0.1/cb', 'http://127.0.0.1:1/cb', true],
    ['http://127.0.0.1:80/cb', 'http://127.0.0.1/cb', true],
    ['http://[::1]/cb?a=b', 'http://[::1]:65535/cb?a=b', true],
    ['http://localhost/cb', 'http://localhost:8080/cb', true],
    ['http://localhost/cb', 'http://127.0.0.1:8080/cb', false],
    ['http://127.0.0.1/cb', 'http://127.0.0.1:8080/cb?a=b', false],
    ['http://127.0.0.1', 'http://127.0.0.1:8080/', false],
    ['https://127.0.0.1/cb', 'https://127.0.0.1:8080/cb', false],
    ['http://app.example/cb', 'http://app.example:8080/cb', false],
  ])('%s takes %s: %s', (registered, presented, matches) => {
    expect(matchesLoopback(registered, presented)).toBe(matches)
  })
})
