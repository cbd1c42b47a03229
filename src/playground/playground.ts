/**
 * Playground: the emulator's landing page, and small integrations to try each flow with: a client of our own public endpoints
 * that plays no part in the protocol. Owns what it remembers of each browser, in memory and bounded.
 * Refuses forms that are not of this browser, and knows nothing that an integration would not know.
 */
import Router from '@koa/router'
import type { Context, Middleware } from 'koa'
import type { AdjustableClock } from '#domain/clock.ts'
import type { Integration } from '#domain/integration.ts'
import type { Operation } from '#domain/operation.ts'
import { errorPage } from '#http/error-page.ts'
import { readForm } from '#http/form.ts'
import type { Views } from '#http/page.ts'
import { allowOwnScripts } from '#http/security-headers.ts'
import type { Outbox } from '#mail/mail.ts'
import type { Secrets } from '#secrets/secrets.ts'
import { type Action, connectionActions, type Submitted } from './actions.ts'
import { type BrowserCookie, browserCookie } from './browser-cookie.ts'
import type { Call } from './call.ts'
import type { PlaygroundClient } from './client.ts'
import { playgroundClient } from './client-flows.ts'
import { openMemory, type PlayedClient, type PlaygroundMemory } from './memory.ts'
import type { Offers } from './offers.ts'
import { outboxPage } from './outbox-page.ts'
import { callbackPage, type LandingPage, landingPage } from './pages.ts'
import { playgroundPage, type V7Read, v7Reads } from './playground-page.ts'
import { surroundingActions } from './surrounding-actions.ts'

export interface PlaygroundParts {
  readonly views: Views
  readonly origin: URL
  readonly landing: LandingPage
  readonly integrations: readonly Integration[]
  readonly operations: readonly Pick<Operation, 'method' | 'path' | 'scopes'>[]
  readonly outbox: Pick<Outbox, 'list'>
  readonly secrets: Pick<Secrets, 'mac' | 'hasMac'>
  readonly randomBytes: (size: number) => Buffer
  readonly clock: AdjustableClock
  readonly call: Call
  /**
   * Back to the seed. It is begun while the request that asks for it is under way and not waited for: it may wait for that
   * request to be answered. A failure is logged.
   */
  readonly reset: () => Promise<void>
  readonly log: (entry: Readonly<Record<string, string>>) => void
  /** Behind the cookie's name, where several of us share a host name: cookies do not know ports (RFC 6265 §8.5). */
  readonly cookieSuffix?: string
}

export interface Playground {
  readonly routes: Middleware
  /** Forgets all browsers: after a reset their tokens mean nothing. */
  forget(): void
}

const purpose = 'playground-form'
const page = '/playground'

/** The integrations that can be played: devices, and platforms one of whose redirect URIs lies here. */
const playedClients = (integrations: readonly Integration[], origin: URL): readonly PlayedClient[] =>
  integrations.flatMap(({ clientId, clientSecret, name, scopes, grantTypes, redirectUris }) => {
    const redirectUri = redirectUris.find((uri) => uri.startsWith(`${origin.origin}${page}/`))
    const isDevice = grantTypes.includes('urn:ietf:params:oauth:grant-type:device_code')
    return redirectUri !== undefined || isDevice
      ? [{ clientId, clientSecret, name, scopes, redirectUri }]
      : []
  })

function answerForbidden(ctx: Context, views: Views): void {
  ctx.status = 403
  ctx.type = 'html'
  ctx.body = errorPage(views, { status: 403, requestId: ctx.response.get('X-Request-Id') })
}

/** What arrived at the redirect URI of an integration that did not ask from this browser's playground: shown, to go on by hand. */
function showArrival(ctx: Context, parts: PlaygroundParts, clientId: string | undefined): boolean {
  const redirectUri = new URL(ctx.path, parts.origin).href
  const integration = parts.integrations.find(
    (each) => each.clientId === clientId && each.redirectUris.includes(redirectUri),
  )
  if (!integration) return false
  const code = ctx.query['code']
  ctx.type = 'html'
  ctx.body = callbackPage(parts.views, {
    integration: integration.name,
    parameters: [...new URLSearchParams(ctx.querystring)].map(([name, value]) => ({ name, value })),
    exchange:
      typeof code === 'string'
        ? {
            tokenEndpoint: new URL('/v7/oauth2/token', parts.origin).href,
            clientId: integration.clientId,
            clientSecret: integration.clientSecret ?? '',
            redirectUri,
            code,
          }
        : undefined,
  })
  return true
}

/** What the routes share. */
interface Rooms extends PlaygroundParts {
  readonly memory: PlaygroundMemory
  readonly client: PlaygroundClient
  readonly cookie: BrowserCookie
  readonly clients: readonly PlayedClient[]
  readonly reads: readonly V7Read[]
  readonly ownRedirectUri: string
}

const offersFor = ({ clients, landing }: Rooms, csrf: string): Offers => ({
  csrf,
  // Devices first: their cards are of one height.
  integrations: clients
    .map(({ clientId, name, redirectUri }) => ({
      clientId,
      name,
      asks: redirectUri === undefined ? ('device' as const) : ('browser' as const),
    }))
    .toSorted((one, other) => other.asks.localeCompare(one.asks)),
  users: landing.users.flatMap(({ email, region, password }) =>
    password === undefined ? [] : [{ email, region }],
  ),
  sampleKey: landing.users.flatMap(({ email, apiKey }) =>
    apiKey === undefined ? [] : [{ email, apiKey }],
  )[0],
})

function pageRoutes(router: Router, rooms: Rooms): void {
  const { views, origin, landing, secrets, clock, memory, cookie, reads, ownRedirectUri, outbox } = rooms

  router.get('/', (ctx) => {
    const browser = cookie.of(ctx)
    const offers = offersFor(rooms, secrets.mac(purpose, browser))
    ctx.type = 'html'
    ctx.body = landingPage(views, landing, { offers, connected: memory.of(browser).connections.length })
  })

  router.get(page, (ctx) => {
    const browser = cookie.of(ctx)
    ctx.type = 'html'
    ctx.body = playgroundPage(views, {
      csrf: secrets.mac(purpose, browser),
      origin,
      clock: clock.read(),
      memory: memory.of(browser),
      reads,
      ownRedirectUri,
    })
    allowOwnScripts(ctx)
  })

  router.get(`${page}/outbox`, async (ctx) => {
    const to = typeof ctx.query['to'] === 'string' ? ctx.query['to'].trim().slice(0, 254) : ''
    const messages = await outbox.list(to === '' ? undefined : to)
    ctx.type = 'html'
    ctx.body = outboxPage(views, { messages, to })
  })
}

function formRoutes(router: Router, rooms: Rooms): void {
  const { views, landing, secrets, memory, cookie } = rooms
  const actions: Readonly<Record<string, Action>> = {
    ...connectionActions({ ...rooms, users: landing.users }),
    ...surroundingActions(rooms),
  }

  /** What the page's own script asks while a device waits. */
  function answerScript(ctx: Context, { browser, form }: Submitted): void {
    const found = memory.of(browser).connections.find(({ id }) => id === form.get('connection'))
    const intervalSeconds = found?.kind === 'device' ? found.intervalSeconds : undefined
    ctx.body = { kind: found?.kind, intervalSeconds }
  }

  for (const [name, act] of Object.entries(actions))
    router.post(`${page}/${name}`, async (ctx) => {
      const submitted = { browser: cookie.of(ctx), form: await readForm(ctx.req) }
      if (!secrets.hasMac(purpose, submitted.browser, submitted.form.get('csrf') ?? ''))
        return answerForbidden(ctx, views)
      const location = await act(submitted)
      if (ctx.get('accept') === 'application/json') return answerScript(ctx, submitted)
      ctx.status = 303
      ctx.redirect(location)
    })
}

function arrivalRoutes(router: Router, rooms: Rooms): void {
  const { origin, memory, client, cookie } = rooms
  router.get([`${page}/callback`, `${page}/:clientId/callback`], async (ctx, next) => {
    const browser = cookie.of(ctx)
    const query = new URLSearchParams(ctx.querystring)
    const asked = memory
      .of(browser)
      .connections.find((each) => each.kind === 'asked' && each.state === query.get('state'))
    if (asked?.kind === 'asked' && asked.client.redirectUri === new URL(ctx.path, origin).href) {
      memory.change(browser, asked.id, await client.arrive(asked, query))
      ctx.status = 303
      ctx.redirect(`${page}#${asked.id}`)
      return
    }
    if (!showArrival(ctx, rooms, ctx.params['clientId'])) await next()
  })
}

export function openPlayground(parts: PlaygroundParts): Playground {
  const router = new Router({ sensitive: true, strict: true })
  const memory = openMemory()
  const rooms: Rooms = {
    ...parts,
    memory,
    client: playgroundClient(parts),
    cookie: browserCookie(parts),
    clients: playedClients(parts.integrations, parts.origin),
    reads: v7Reads(parts.operations),
    ownRedirectUri: new URL(`${page}/callback`, parts.origin).href,
  }
  pageRoutes(router, rooms)
  formRoutes(router, rooms)
  arrivalRoutes(router, rooms)
  return { routes: router.routes() as unknown as Middleware, forget: () => memory.clear() }
}
