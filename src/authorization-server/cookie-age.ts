import type { Middleware } from 'koa'

/**
 * Says in seconds what a cookie's `expires` says as an instant. The engine writes instants of the system clock; browsers correct
 * them by the answer's Date, which is our clock's, and would drop at once what a moved clock seems to have ended. Max-Age depends
 * on no clock and comes first (RFC 6265 §5.3).
 */
export function ageCookies({ engineNow }: { readonly engineNow: () => number }): Middleware {
  function aged(line: string): string {
    const end = Date.parse(/; expires=([^;]+)/i.exec(line)?.[1] ?? '')
    const seconds = Math.round((end - engineNow()) / 1000)
    // What takes a cookie back has an instant that is over by every clock.
    return seconds > 0 ? `${line}; max-age=${seconds}` : line
  }
  return async (ctx, next) => {
    await next()
    const lines = ctx.response.headers['set-cookie']
    if (Array.isArray(lines)) ctx.response.set('Set-Cookie', lines.map(aged))
  }
}
