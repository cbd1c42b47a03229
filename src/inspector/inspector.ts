/**
 * Inspector: shows every request over the public listener as the journal keeps it, with what was checked, which rule refused and
 * where that rule stands; and the sequence of the current flow. For demonstrations and for learning OAuth.
 * Reads the journal alone, which holds no credentials, and changes nothing.
 */
import Router from '@koa/router'
import type { Context, Middleware } from 'koa'
import type { Views } from '#http/page.ts'
import { allowOwnScripts } from '#http/security-headers.ts'
import type { Journal } from '#traffic/traffic.ts'
import { eventStreams } from './events.ts'
import { exchangePage } from './exchange-page.ts'
import { isOwn, parseFilter, queryOf } from './filter.ts'
import { flowOf } from './flow.ts'
import { flowPage } from './flow-page.ts'
import { listPage } from './list-page.ts'

export interface InspectorParts {
  readonly views: Views
  readonly origin: URL
  readonly journal: Pick<Journal, 'find' | 'subscribe' | 'lastId'>
}

export interface Inspector {
  readonly routes: Middleware
  /** Ends all live views, as no answer may be under way when the service stops. None begins afterwards. */
  end(): void
}

/** As many as the page shows at once. */
const shownExchanges = 100

/** As many as a flow is looked for in. */
const searchedExchanges = 400

function answerPage(ctx: Context, html: string): void {
  ctx.type = 'html'
  ctx.body = html
  allowOwnScripts(ctx)
}

export function openInspector({ views, origin, journal }: InspectorParts): Inspector {
  const router = new Router({ sensitive: true, strict: true })
  const streams = eventStreams(journal)

  router.get('/inspector', (ctx) => {
    const filter = parseFilter(new URLSearchParams(ctx.querystring))
    const all = journal.find({ ...queryOf(filter), limit: searchedExchanges })
    const exchanges = all.filter((exchange) => !isOwn(exchange)).slice(-shownExchanges)
    answerPage(ctx, listPage(views, { exchanges, filter, lastId: journal.lastId() }))
  })

  router.get('/inspector/exchanges/:id', async (ctx, next) => {
    const id = /^[1-9]\d{0,14}$/.test(ctx.params['id'] ?? '') ? Number(ctx.params['id']) : undefined
    const [exchange] = id === undefined ? [] : journal.find({ after: id - 1 })
    if (exchange?.id !== id || !exchange) return next()
    const flow = flowOf(journal.find({ limit: searchedExchanges }), exchange)
    answerPage(ctx, exchangePage(views, { exchange, flow, origin: origin.origin }))
    return undefined
  })

  router.get('/inspector/flow', (ctx) => {
    const all = journal.find({ limit: searchedExchanges }).filter((exchange) => !isOwn(exchange))
    const asked = Number(ctx.query['of'])
    const newest =
      all.find(({ id }) => id === asked) ?? all.findLast(({ surface }) => surface !== 'pages') ?? all.at(-1)
    answerPage(ctx, flowPage(views, { flow: newest ? flowOf(all, newest) : [] }))
  })

  router.get('/inspector/events', (ctx) => streams.open(ctx))

  return { routes: router.routes() as unknown as Middleware, end: () => streams.end() }
}
