/**
 * Operator: the listener for whoever runs us: health, metrics, users, and the end of connections. Never on the public port;
 * everything but health and metrics needs the bearer token (DECISIONS 16, 98). Owns no records.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import Router from '@koa/router'
import Koa, { type Middleware } from 'koa'
import type { KeyWork } from '#broker/key-work.ts'
import type { Connection } from '#domain/grant.ts'
import { parseRegionId, type RegionId, regionIds } from '#domain/region.ts'
import type { UserId } from '#domain/user.ts'
import type { ConnectionFilter, Grants } from '#grants/grants.ts'
import { writtenAddress } from '#http/client-address.ts'
import { MalformedForm } from '#http/form.ts'
import type { SourceBlock } from '#limits/limits.ts'
import type { Exposition } from '#metrics/metrics.ts'
import { StoreFailure } from '#store/store.ts'
import { type ExplainParts, explainRoute } from './explain.ts'
import { keyRoutes } from './keys.ts'
import { problem } from './problem.ts'
import { type OperatorUsersParts, userRoutes } from './users.ts'

export interface OperatorParts extends OperatorUsersParts, ExplainParts {
  readonly token: string
  readonly grants: Grants
  readonly sourceBlock: SourceBlock
  /** The figures for a scraper; undefined where none are kept. */
  readonly exposition: Exposition | undefined
  /** Resolves when the store answers; rejects when it does not. */
  readonly probe: () => Promise<void>
  /** True once the process has begun to drain. */
  readonly isDraining: () => boolean
  /** Left out where nothing is sealed with key-encryption keys. */
  readonly keyWork: KeyWork | undefined
}

interface Selection {
  readonly user?: string
  readonly integration?: string
  readonly region?: RegionId
}

const filterNames = ['user', 'integration', 'region'] as const

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** What those may ask who watch the process and hold no token. */
const openPaths: ReadonlySet<string> = new Set(['/health/live', '/health/ready', '/metrics'])

function requireToken(token: string): Middleware {
  const expected = digest(`Bearer ${token}`)
  return (ctx, next) => {
    if (openPaths.has(ctx.path)) return next()
    if (timingSafeEqual(digest(ctx.get('authorization').replace(/^bearer /i, 'Bearer ')), expected))
      return next()
    ctx.set('WWW-Authenticate', 'Bearer realm="operator"')
    problem(
      ctx,
      401,
      'The operator token is missing or wrong; it stands in the ready line or in the configuration.',
    )
    return undefined
  }
}

/** What is wrong with the parameters, in words; undefined when each known one stands at most once and says something. */
function queryProblem(query: URLSearchParams): string | undefined {
  const unknown = [...query.keys()].find((name) => !filterNames.some((known) => known === name))
  if (unknown !== undefined) return `unknown parameter ${unknown}; allowed are ${filterNames.join(', ')}`
  const region = query.get('region')
  if (region !== null && !parseRegionId(region))
    return `region: found ${region}; allowed are ${regionIds.join(', ')}`
  const bad = filterNames.find((name) => query.getAll(name).length > 1 || query.get(name) === '')
  return bad && `${bad} stands there twice or is empty`
}

/** The selection of a query, or in words what is wrong with it. */
function parseSelection(query: URLSearchParams): Selection | string {
  const wrong = queryProblem(query)
  if (wrong !== undefined) return wrong
  const [user, integration] = [query.get('user'), query.get('integration')]
  const region = parseRegionId(query.get('region') ?? '')
  return { ...(user ? { user } : {}), ...(integration ? { integration } : {}), ...(region ? { region } : {}) }
}

/**
 * What is asked of the grants: everything given must match, and a user is an id or an e-mail address, which in several regions
 * may be several users.
 */
async function filtersOf(
  { identity }: OperatorParts,
  { user, integration, region }: Selection,
): Promise<readonly ConnectionFilter[]> {
  const rest = {
    ...(integration === undefined ? {} : { clientId: integration }),
    ...(region === undefined ? {} : { region }),
  }
  if (user === undefined) return [rest]
  const named = await Promise.all(regionIds.map((one) => identity.findByEmail(one, user)))
  const ids = [user as UserId, ...named.flatMap((one) => one?.id ?? [])]
  return ids.map((userId) => ({ ...rest, userId }))
}

const connectionAnswer = (connection: Connection): object => ({
  id: connection.tag,
  user: connection.userId,
  integration: connection.clientId,
  region: connection.region,
  apiToken: connection.apiToken ?? null,
  scopes: connection.scopes,
  accountGroups: connection.accountGroups,
  readOnly: connection.limits?.isReadOnly ?? false,
  operations: connection.limits?.operations ? [...connection.limits.operations] : null,
  createdAt: new Date(connection.createdAt).toISOString(),
  firstUsedAt: connection.firstUsedAt === undefined ? null : new Date(connection.firstUsedAt).toISOString(),
  lastUsedAt: new Date(connection.lastUsedAt).toISOString(),
  lastUsedAddress: connection.lastUsedAddress ?? null,
  expiresAt: new Date(connection.expiresAt).toISOString(),
})

function routes(parts: OperatorParts): Router {
  const router = new Router({ sensitive: true, strict: true })
  userRoutes(router, parts)
  if (parts.keyWork) keyRoutes(router, { ...parts, keyWork: parts.keyWork })
  explainRoute(router, parts)

  router.get('/health/live', (ctx) => {
    ctx.body = { status: 'live' }
  })

  async function standing(): Promise<{ readonly status: string; readonly reason?: string }> {
    if (parts.isDraining()) return { status: 'draining' }
    try {
      await parts.probe()
      const problemOfKeys = await parts.keyWork?.problem()
      return problemOfKeys === undefined
        ? { status: 'ready' }
        : { status: 'keys out of order', reason: problemOfKeys }
    } catch (failure) {
      return {
        status: 'store unavailable',
        ...(failure instanceof StoreFailure ? { reason: failure.message } : {}),
      }
    }
  }

  router.get('/health/ready', async (ctx) => {
    const state = await standing()
    ctx.status = state.status === 'ready' ? 200 : 503
    ctx.body = state
  })

  const { exposition } = parts
  if (exposition)
    router.get('/metrics', async (ctx) => {
      const text = await exposition.text((await standing()).status === 'ready')
      ctx.set('Content-Type', exposition.contentType)
      ctx.body = text
    })

  router.get('/operator/connections', async (ctx) => {
    const selection = parseSelection(new URLSearchParams(ctx.querystring))
    if (typeof selection === 'string') return problem(ctx, 400, selection)
    const found: Connection[] = []
    for (const filter of await filtersOf(parts, selection)) found.push(...(await parts.grants.list(filter)))
    found.sort((one, other) => other.createdAt - one.createdAt)
    ctx.body = { connections: found.map(connectionAnswer) }
  })

  router.delete('/operator/connections', async (ctx) => {
    const selection = parseSelection(new URLSearchParams(ctx.querystring))
    if (typeof selection === 'string') return problem(ctx, 400, selection)
    if (Object.keys(selection).length === 0)
      return problem(ctx, 400, `name what to end: at least one of ${filterNames.join(', ')}`)
    let revoked = 0
    for (const filter of await filtersOf(parts, selection))
      revoked += await parts.grants.revokeAll(filter, { actor: 'operator', reason: 'ended by the operator' })
    parts.log({ event: 'connections-ended', ...selection, revoked })
    ctx.body = { revoked }
  })

  router.delete('/operator/blocked-addresses/:address', async (ctx) => {
    const text = ctx.params['address'] ?? ''
    const address = writtenAddress(text)
    if (address === undefined) return problem(ctx, 400, `address: found ${text}; allowed is an IP address`)
    await parts.record(`unblocked ${address}`)
    await parts.sourceBlock.lift(address)
    parts.log({ event: 'address-unblocked', address })
    ctx.status = 204
    return undefined
  })
  return router
}

/** What the router says without words. */
const refusals: Readonly<Record<number, string>> = {
  404: 'There is nothing at this address.',
  405: 'This address does not take requests of this kind; the header Allow names those it takes.',
  501: 'Requests of this kind are not known here.',
}

/** @returns the Koa application of the operator listener */
export function openOperator(parts: OperatorParts): Koa {
  const app = new Koa()
  const router = routes(parts)
  app.silent = true
  app.use(async (ctx, next) => {
    try {
      await next()
      if (ctx.body === undefined && ctx.status in refusals)
        problem(ctx, ctx.status, refusals[ctx.status] ?? '')
    } catch (error) {
      if (error instanceof MalformedForm) return problem(ctx, error.status, `${error.message}.`)
      parts.log({ event: 'operator-failure', path: ctx.path, error: String(error) })
      ctx.set('Retry-After', '2')
      problem(ctx, 503, 'The server cannot answer now.')
    }
    return undefined
  })
  app.use(requireToken(parts.token))
  app.use(router.routes() as unknown as Middleware)
  app.use(router.allowedMethods() as unknown as Middleware)
  return app
}
