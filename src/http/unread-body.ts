import type { IncomingMessage } from 'node:http'

/** A body that nobody will read gets so long to end by itself; to close at once would lose the answer on its way. */
const lingerMs = 1_000

/**
 * Passes over what is left of a body, and cuts a caller off who goes on sending after the answer: endless bodies end here
 * (security-cases B12). To be called once the answer is given, or known. A request of this process itself (inject.ts) came over no connection, and none is cut.
 */
export function cutUnreadBody(request: IncomingMessage): void {
  if (request.complete !== false) return
  // A reader that left off early left the rest standing, before the next request of this connection. Node passes over no such rest.
  request.resume()
  const timer = setTimeout(() => {
    // The body may have ended meanwhile, and the connection may serve another request by now.
    if (!request.complete) request.socket.destroy()
  }, lingerMs)
  timer.unref()
  request.once('close', () => clearTimeout(timer))
}
