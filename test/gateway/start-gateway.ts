import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ownStanding } from '#broker/own-standing.ts'
import type { AccountGroup, AccountGroupId } from '#domain/account-group.ts'
import type { GrantTag } from '#domain/grant.ts'
import type { Operation } from '#domain/operation.ts'
import { type User, type UserId, userIdOf } from '#domain/user.ts'
import { type GatewayParts, openGateway } from '#gateway/gateway.ts'
import type { GatewayLogLine } from '#gateway/log-line.ts'
import type { Access } from '#grants/grants.ts'
import { clientAddress } from '#http/client-address.ts'
import { requestIds } from '#http/request-id.ts'
import { openLimits } from '#limits/store-limits.ts'
import { noMetrics } from '#metrics/no-metrics.ts'
import { openSqliteStore } from '#store/sqlite.ts'
import type { Freshness } from '#store/store.ts'
import { loadOperations } from '#upstream/operations.ts'
import type { UpstreamAnswer, UpstreamRequest } from '#upstream/upstream.ts'
import { type FakeClock, fakeClock } from '../support/fake-clock.ts'

/** Every operation that there is, read once. */
export const operations: readonly Operation[] = await loadOperations()

export const accessToken: string = `${'T'.repeat(16)}.${'a'.repeat(43)}`
export const userApiToken = 'f537f4ac-2921-3199-bbab-d5a43f1c2b60'

/** @returns a token of the right form that nobody issued */
export const madeUpToken = (letter: string): string => `${letter.repeat(16)}.${letter.repeat(43)}`

export const aid = (text: string): AccountGroupId => text as AccountGroupId

export const admin: User = {
  id: userIdOf('us1', '1001'),
  region: 'us1',
  uid: '1001',
  email: 'admin@acme.example',
  name: 'Admin',
  organizationId: '11',
  organizationName: 'Acme Networks',
  disabled: false,
}

const everyScope = new Set(operations.flatMap(({ scopes }) => scopes))

/** What the access token opens when nothing else is said: everything, in both of the user's account groups. */
export const fullAccess: Access = {
  tag: 'T'.repeat(16) as GrantTag,
  userId: admin.id,
  region: 'us1',
  clientId: 'meraki',
  scopes: everyScope,
  accountGroups: [aid('1101'), aid('1102')],
  expiresAt: Date.UTC(2031, 0, 1),
}

const reached: readonly AccountGroup[] = [
  { aid: aid('1101'), name: 'Acme HQ', isLogin: true },
  { aid: aid('1102'), name: 'Acme Branches', isLogin: false },
]

/** A gateway on a port of its own, over ports that are maps, which a test fills and empties at will. */
export interface RunningGateway extends AsyncDisposable {
  readonly server: Server
  readonly port: number
  readonly url: string
  readonly clock: FakeClock
  readonly grants: Map<string, Access>
  readonly userApiTokens: Map<string, UserId>
  readonly users: Map<UserId, User>
  /** Users as the process still has them, where that is not what the directory says. */
  readonly formerUsers: Map<UserId, User>
  readonly clients: Set<string>
  /** Noted uses of grants. */
  readonly uses: { readonly tag: GrantTag; readonly address: string }[]
  /** What reached the upstream. */
  readonly sent: UpstreamRequest[]
  readonly log: GatewayLogLine[]
}

export type AnswerCall = (request: UpstreamRequest) => UpstreamAnswer | Promise<UpstreamAnswer>

export interface GatewayOptions {
  readonly answer?: AnswerCall
  readonly accountGroups?: () => readonly AccountGroup[]
  readonly parts?: Partial<GatewayParts>
  readonly trustedProxies?: readonly string[]
  /** Rate windows and source block; on when nothing is said. */
  readonly limits?: boolean
}

export const jsonAnswer = (body: string): UpstreamAnswer => ({
  status: 200,
  headers: { 'content-type': 'application/hal+json;charset=UTF-8' },
  body,
})

function unused(): never {
  throw new Error('the gateway has no business with this')
}

function portsOf(running: Omit<RunningGateway, 'server' | 'port' | 'url' | typeof Symbol.asyncDispose>) {
  const { grants, uses, userApiTokens, clients, users, formerUsers } = running
  return {
    grants: {
      access: (token: string) => Promise.resolve(grants.get(token)),
      noteUse: (tag: GrantTag, address: string) => void uses.push({ tag, address }),
      list: unused,
      revoke: unused,
      revokeAll: unused,
    },
    userApiTokens: {
      ownerOf: (token: string) => Promise.resolve(userApiTokens.get(token)),
      install: unused,
      rotate: unused,
      revoke: unused,
    },
    integrations: {
      find: (clientId: string) =>
        Promise.resolve(
          clients.has(clientId)
            ? {
                clientId,
                name: clientId,
                onPremises: false,
                grantTypes: [],
                redirectUris: [],
                postLogoutRedirectUris: [],
                scopes: [],
                lifetimes: { accessSeconds: 300, idleSeconds: 600, absoluteSeconds: 900 },
              }
            : undefined,
        ),
      configured: [],
    },
    identity: {
      find: (id: UserId, freshness?: Freshness) =>
        Promise.resolve((freshness === 'recent' && formerUsers.get(id)) || users.get(id)),
    },
  }
}

/** Starts a gateway that listens on a free loopback port until it is disposed of. */
export async function startGateway(options: GatewayOptions = {}): Promise<RunningGateway> {
  const { answer = () => jsonAnswer('{"tests":[]}'), accountGroups = () => reached } = options
  const clock = fakeClock()
  const running = {
    clock,
    grants: new Map([[accessToken, fullAccess]]),
    userApiTokens: new Map([[userApiToken, admin.id]]),
    users: new Map([[admin.id, admin]]),
    formerUsers: new Map<UserId, User>(),
    clients: new Set(['meraki']),
    uses: [] as { readonly tag: GrantTag; readonly address: string }[],
    sent: [] as UpstreamRequest[],
    log: [] as GatewayLogLine[],
  }
  const { store } = openSqliteStore({ path: ':memory:', clock, random: (size) => Buffer.alloc(size, 7) })
  const server = createServer()
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  const gateway = openGateway({
    ...portsOf(running),
    operations,
    broker: ownStanding(),
    upstream: {
      async send(request) {
        running.sent.push(request)
        return answer(request)
      },
      accountGroups: () => Promise.resolve(accountGroups()),
    },
    upstreamOrigins: { us1: url, us2: url, eu1: url },
    origin: url,
    allowsHost: (host) => host === `127.0.0.1:${port}`,
    addressOf: clientAddress(options.trustedProxies ?? []),
    requestId: requestIds((size) => Buffer.alloc(size, 1)),
    limits: openLimits({ store, clock, enforced: options.limits ?? true }),
    metrics: noMetrics({ integrations: [] }).gateway,
    clock,
    log: (line) => running.log.push(line),
    ...options.parts,
  })
  server.on('request', (request: IncomingMessage, response) => gateway(request, response))
  return {
    ...running,
    server,
    port,
    url,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
      await store.close()
    },
  }
}
