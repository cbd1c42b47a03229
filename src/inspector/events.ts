import { PassThrough } from 'node:stream'
import type { Context } from 'koa'
import type { Exchange, Journal } from '#traffic/traffic.ts'
import { type Filter, isOwn, parseFilter, queryOf } from './filter.ts'
import { rowOf } from './words.ts'

/** Each holds a connection for as long as a page is open. */
const maxStreams = 20

/** More than a page that reads can fall behind. */
const maxBehindBytes = 256 * 1024

/** Below what proxies wait for. In machine time: it keeps a socket alive. */
const heartbeatMs = 15_000

/** What a page may have missed while it was being loaded, or while its connection was gone. */
const maxMissed = 100

export interface EventStreams {
  /**
   * `after` of the query, or what the browser sends when it connects again, says what the page has already.
   * Answers with a stream of the exchanges to come, or with 503 when there are too many or the service stops. */
  open(ctx: Context): void
  end(): void
}

const isWanted = (exchange: Exchange, { surface, status, name }: Filter): boolean =>
  !isOwn(exchange) &&
  (surface === '' || exchange.surface === surface) &&
  (name === '' || exchange.name === name) &&
  (status === undefined || exchange.answer?.status === status)

const eventOf = (exchange: Exchange): string =>
  `id: ${exchange.id}\ndata: ${JSON.stringify(rowOf(exchange))}\n\n`

/** @returns the id of the newest exchange that the page has (Server-Sent Events, `Last-Event-ID`); undefined when it has none */
function lastSeen(ctx: Context): number | undefined {
  const told = ctx.get('last-event-id') || String(ctx.query['after'] ?? '')
  return /^\d{1,15}$/.test(told) ? Number(told) : undefined
}

/** Whoever closes a page leaves its stream in the middle: no failure of an exchange, which Koa would tell. */
function letGoQuietly(ctx: Context): void {
  const { onerror } = ctx
  ctx.onerror = (error) => {
    if (!ctx.res.destroyed && !ctx.req.socket.destroyed) onerror.call(ctx, error)
  }
}

/** Live exchanges as server-sent events: each a row of the list as JSON, its id the exchange's. */
export function eventStreams(journal: Pick<Journal, 'find' | 'subscribe'>): EventStreams {
  const streams = new Set<PassThrough>()
  let isOver = false

  return {
    open(ctx) {
      if (isOver || streams.size >= maxStreams) {
        ctx.status = 503
        ctx.set('Retry-After', '30')
        ctx.body = 'Too many live views are open.'
        return
      }
      const filter = parseFilter(new URLSearchParams(ctx.querystring))
      const stream = new PassThrough()
      const heartbeat = setInterval(() => stream.write(': still here\n\n'), heartbeatMs)
      const unsubscribe = journal.subscribe((exchange) => {
        if (!isWanted(exchange, filter)) return
        // A reader that has stopped reading is let go; the page connects again by itself.
        if (stream.writableLength > maxBehindBytes) stream.end()
        else stream.write(eventOf(exchange))
      })
      letGoQuietly(ctx)
      streams.add(stream)
      const close = (): void => {
        clearInterval(heartbeat)
        unsubscribe()
        streams.delete(stream)
        stream.end()
      }
      stream.once('close', close)
      ctx.res.once('close', close)
      ctx.status = 200
      ctx.set('Cache-Control', 'no-store')
      // Nothing else comes over it, and a service that stops need not wait until it is found idle.
      ctx.set('Connection', 'close')
      ctx.set('X-Content-Type-Options', 'nosniff')
      ctx.set('Cross-Origin-Resource-Policy', 'same-origin')
      ctx.type = 'text/event-stream'
      stream.write('retry: 3000\n\n')
      const after = lastSeen(ctx)
      if (after !== undefined)
        for (const missed of journal.find({ ...queryOf(filter), after, limit: maxMissed }))
          if (isWanted(missed, filter)) stream.write(eventOf(missed))
      ctx.body = stream
    },
    end() {
      isOver = true
      for (const stream of streams) stream.end()
    },
  }
}
