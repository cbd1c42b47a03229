import type { Middleware } from 'koa'
import { routes } from './configuration.ts'

/** The response modes that the engine would answer in, if only to refuse them. */
const engineModes: ReadonlySet<unknown> = new Set(['fragment', 'form_post'])

/**
 * Authorization answers travel in the query alone, refusals included (metadata: response_modes_supported). The engine refuses
 * other modes in the very mode that was asked for, one of them a page that sends itself; and a response type with a token in
 * the fragment. Under a name that it does not know it refuses them in the query.
 */
export function answerByQuery(): Middleware {
  return (ctx, next) => {
    if (ctx.path !== routes.authorization) return next()
    const { response_mode: mode, response_type: type } = ctx.query
    const changes = {
      ...(engineModes.has(mode) ? { response_mode: `no ${mode}` } : {}),
      ...(typeof type === 'string' && type.includes('token') ? { response_type: 'none' } : {}),
    }
    if (Object.keys(changes).length > 0) ctx.query = { ...ctx.query, ...changes }
    return next()
  }
}

/**
 * The way back from a step: its path and cookie name the authorization request, and a query is nobody's. The engine would take a
 * client and a redirect URI out of it to refuse with, and fails on one without the other.
 */
export function resumeByPath(): Middleware {
  return (ctx, next) => {
    if (ctx.path.startsWith(`${routes.authorization}/`)) ctx.querystring = ''
    return next()
  }
}
