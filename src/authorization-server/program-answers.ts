import type { Context, Middleware } from 'koa'
import { isForPrograms } from './edge.ts'

/** The engine's words for a grant type that the client did not register (RFC 6749 §5.2: unauthorized_client). */
const grantTypeRefused = /grant[ -]type\S* is not allowed for this client$/

function correctError(ctx: Context): void {
  const body = ctx.body as { error?: unknown; error_description?: unknown } | null | undefined
  if (body?.error === 'invalid_request' && grantTypeRefused.test(String(body.error_description)))
    ctx.body = { ...body, error: 'unauthorized_client' }
}

/** Only the documents that anybody may read are readable from other origins (RFC 9700 §2.6). */
const isPublicDocument = (path: string): boolean =>
  path.startsWith('/.well-known/') || path === '/v7/oauth2/provider/keys'

/**
 * Answers on the paths for programs: JSON whatever a client says it accepts, never read as something else, never stored
 * (RFC 6749 §5.1), and for no other origin's scripts, whatever the engine would allow (security-cases B08).
 */
export function programAnswers(): Middleware {
  return async (ctx, next) => {
    if (!isForPrograms(ctx.path)) return next()
    ctx.request.headers.accept = 'application/json'
    await next()
    const { res } = ctx // whose methods cost a fraction of Koa's
    res.setHeader('X-Content-Type-Options', 'nosniff')
    correctError(ctx)
    if (isPublicDocument(ctx.path)) return
    res.setHeader('Cache-Control', 'no-store')
    res.removeHeader('Access-Control-Allow-Origin')
    res.removeHeader('Access-Control-Expose-Headers')
  }
}
