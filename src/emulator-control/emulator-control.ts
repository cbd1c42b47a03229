/**
 * Emulator control: the API by which tests own the emulator: its clock, tokens, people, faults, journal, outbox, snapshots, workspaces.
 * Speaks HTTP over the ports of parts.ts and owns no records. Refuses web pages of other origins: only programs and own pages
 * may drive it. Exists in the emulator composition alone, mounted before everything else at `/emulator`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import Router from '@koa/router'
import Koa, { type Context, type Middleware } from 'koa'
import { isRefusal } from '#domain/refusal.ts'
import { problemBody, problemType } from '#http/problem.ts'
import { cutUnreadBody } from '#http/unread-body.ts'
import { authorizationRoutes } from './authorizations.ts'
import { budgetRoutes } from './budgets.ts'
import { clockRoutes } from './clock.ts'
import { contentsRoutes } from './contents.ts'
import { integrationRoutes } from './integrations.ts'
import { readJsonBody } from './json-body.ts'
import { outboxRoutes } from './outbox.ts'
import { foreignCaller } from './own-caller.ts'
import type { EmulatorControlParts } from './parts.ts'
import { type ControlRefusal, refuseWith } from './refusals.ts'
import type { ControlAnswer, ControlRoute } from './route.ts'
import { snapshotRoutes } from './snapshots.ts'
import { tokenRoutes } from './tokens.ts'
import { trafficRoutes } from './traffic-routes.ts'
import { userRoutes } from './users.ts'
import { workspaceRoutes } from './workspaces.ts'

/** Everything that the control API answers. */
export const controlRoutes = (parts: EmulatorControlParts): readonly ControlRoute[] => [
  ...contentsRoutes(parts),
  ...workspaceRoutes(parts),
  ...snapshotRoutes(parts),
  ...clockRoutes(parts),
  ...authorizationRoutes(parts),
  ...tokenRoutes(parts),
  ...userRoutes(parts),
  ...integrationRoutes(parts),
  ...budgetRoutes(parts),
  ...trafficRoutes(parts),
  ...outboxRoutes(parts),
]

const titles: Readonly<Record<number, string>> = {
  400: 'The request is malformed',
  403: 'Not for web pages',
  404: 'There is no such thing',
  405: 'Not taken here',
  409: 'Not in a state for that',
  410: 'It is over',
  413: 'The body is too large',
  415: 'Only JSON is read',
  421: 'Another server’s name',
  422: 'A value is not allowed',
  503: 'The emulator cannot answer now',
}

interface ProblemFacts {
  readonly status: number
  readonly code: string
  readonly description: string
}

function answerProblem(ctx: Context, { status, code, description }: ProblemFacts): void {
  ctx.status = status
  const problem = problemBody({
    status,
    title: titles[status] ?? 'Refused',
    detail: description,
    instance: ctx.path,
    code,
  })
  ctx.body = `${problem}\n`
  ctx.type = problemType
}

function answerWell(ctx: Context, { status, body, type, location }: ControlAnswer): void {
  ctx.status = status
  if (location !== undefined) ctx.set('Location', location)
  if (body === undefined) return
  // Indented and ended for people who read it in a terminal.
  ctx.body = typeof body === 'string' ? body : `${JSON.stringify(body, undefined, 2)}\n`
  ctx.type = type ?? 'application/json'
}

/** Fires when the caller hangs up before it was answered. */
function callerGone(response: ServerResponse): AbortSignal {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  return gone.signal
}

async function answerOf(ctx: Context, route: ControlRoute): Promise<ControlAnswer | ControlRefusal> {
  const body = await readJsonBody(ctx.req, route.maxBytes)
  if ('kind' in body) return body
  return route.answer({
    params: (ctx as Context & { params: Record<string, string> }).params,
    query: new URLSearchParams(ctx.querystring),
    body: body.json,
    signal: callerGone(ctx.res),
  })
}

function routerOf(routes: readonly ControlRoute[]): Router {
  const router = new Router({ sensitive: true, strict: true })
  for (const route of routes)
    router.register(route.path.replace(/\{(\w+)\}/g, ':$1'), [route.method], async (ctx) => {
      const answer = await answerOf(ctx as unknown as Context, route)
      if (isRefusal(answer)) answerProblem(ctx as unknown as Context, answer)
      else answerWell(ctx as unknown as Context, answer)
    })
  return router
}

const wrongMethod = refuseWith(
  405,
  'no_such_method',
  'This address does not take requests of this kind; the header Allow names those it takes.',
)

/** What the router says without words. 501 is its word for methods that it has never heard of: to the caller no other case. */
const wordless: Readonly<Record<number, ControlRefusal>> = {
  404: refuseWith(
    404,
    'no_such_path',
    'There is nothing at this address; GET /emulator lists what there is.',
  ),
  405: wrongMethod,
  501: wrongMethod,
}

/** The boundary: failures become 503, and what nobody answered a problem. */
const boundary =
  (log: EmulatorControlParts['log']): Middleware =>
  async (ctx, next) => {
    ctx.set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' })
    try {
      await next()
      const refusal = wordless[ctx.status]
      if (ctx.body === undefined && refusal) answerProblem(ctx, refusal)
    } catch (error) {
      log({ event: 'emulator-control-failure', path: ctx.path, error: String(error) })
      const description = 'Something in the emulator failed; its log says what. Try again in a moment.'
      answerProblem(ctx, { status: 503, code: 'failure', description })
    }
    cutUnreadBody(ctx.req)
  }

function applicationOf(parts: EmulatorControlParts): ControlListener {
  const app = new Koa()
  const router = routerOf(controlRoutes(parts))
  const own = { origin: parts.workspace.url, allowsHost: parts.allowsHost ?? (() => false) }
  app.silent = true
  app.use(boundary(parts.log))
  app.use((ctx, next) => {
    const refusal = foreignCaller(ctx.req.headers, own)
    return refusal ? answerProblem(ctx, refusal) : next()
  })
  app.use(router.routes() as unknown as Middleware)
  app.use(router.allowedMethods() as unknown as Middleware)
  return app.callback() as ControlListener
}

type ControlListener = (request: IncomingMessage, response: ServerResponse) => void

/**
 * Built with its first request: a start should not wait for it, and many a workspace is never controlled.
 * @returns the listener of `/emulator` and everything below it
 */
export function openEmulatorControl(parts: EmulatorControlParts): ControlListener {
  let application: ControlListener | undefined
  return (request, response) => {
    application ??= applicationOf(parts)
    application(request, response)
  }
}
