import type { IncomingMessage } from 'node:http'
import type { Middleware } from 'koa'

/** A body that nobody will read gets so long to end by itself; to close at once would lose the answer on its way. */
const lingerMs = 1_000

function cutLater(request: IncomingMessage): void {
  const timer = setTimeout(() => {
    // The body may have ended meanwhile, and the connection may serve another request by now.
    if (!request.complete) request.socket.destroy()
  }, lingerMs)
  timer.unref()
  request.once('close', () => clearTimeout(timer))
}

/** Cuts a caller off who goes on sending after the answer: endless bodies end here (security-cases B12). */
export function cutUnreadBodies(): Middleware {
  return async (ctx, next) => {
    try {
      await next()
    } finally {
      // A request of this process itself (http/inject.ts) came over no connection and says nothing of the kind.
      if (ctx.req.complete === false) cutLater(ctx.req)
    }
  }
}
