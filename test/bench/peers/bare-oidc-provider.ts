/** oidc-provider as it comes, on an adapter of Maps with O(1) operations: the engine's own speed (its example adapter keeps lists). */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Adapter, type AdapterPayload, Provider } from 'oidc-provider'

const chains = Number(process.argv[2] ?? 16)

function mapAdapter(): Adapter {
  const rows = new Map<string, AdapterPayload>()
  return {
    async upsert(id, payload) {
      rows.set(id, payload)
    },
    find: async (id) => rows.get(id),
    async consume(id) {
      const row = rows.get(id)
      if (row) row.consumed = Math.floor(Date.now() / 1000)
    },
    async destroy(id) {
      rows.delete(id)
    },
    revokeByGrantId: async () => undefined,
    findByUid: async () => undefined,
    findByUserCode: async () => undefined,
  }
}

const provider = new Provider('http://localhost:3000', {
  adapter: mapAdapter,
  clients: [
    {
      client_id: 'device',
      redirect_uris: [],
      response_types: [],
      grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
      application_type: 'native',
    },
  ],
  scopes: ['tests:manage', 'offline_access'],
  findAccount: (_ctx, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
  rotateRefreshToken: true,
  issueRefreshToken: async () => true,
  expiresWithSession: async () => false,
  features: { deviceFlow: { enabled: true }, devInteractions: { enabled: false } },
  ttl: { AccessToken: 600, RefreshToken: 86_400, Grant: 864_000 },
})

async function mintRefreshToken(): Promise<string> {
  const client = await provider.Client.find('device')
  if (!client) throw new Error('the client is missing')
  const grant = new provider.Grant({ accountId: 'user', clientId: 'device' } as ConstructorParameters<
    typeof provider.Grant
  >[0])
  grant.addOIDCScope('tests:manage offline_access')
  const grantId = await grant.save()
  return new provider.RefreshToken({
    accountId: 'user',
    client,
    grantId,
    gty: 'device_code',
    scope: 'tests:manage offline_access',
    rotations: 0,
  } as unknown as ConstructorParameters<typeof provider.RefreshToken>[0]).save()
}

const refreshTokens: string[] = []
for (let index = 0; index < chains; index += 1) refreshTokens.push(await mintRefreshToken())
const server = createServer(provider.callback())
server.listen(0, '127.0.0.1', () => {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  process.stdout.write(
    `${JSON.stringify({ tokenEndpoint: `${url}/token`, clientId: 'device', refreshTokens })}\n`,
  )
})
