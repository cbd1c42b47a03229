import type { Middleware } from 'koa'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { routes } from './configuration.ts'
import type { AuthorizationServerParts } from './parts.ts'

/** What RFC 8628 §3.2 asks for and the engine leaves out; `verification_url` is the spelling that Cisco's Splunk app reads. */
export function completeDeviceAnswers(parts: AuthorizationServerParts): Middleware {
  return async (context, next) => {
    await next()
    const ctx = context as unknown as KoaContextWithOIDC
    if (ctx.oidc?.route !== 'device_authorization' || ctx.status !== 200) return
    const body = ctx.body as Record<string, unknown>
    ctx.body = {
      ...body,
      verification_url: body['verification_uri'],
      interval: parts.spans.devicePollingInterval,
    }
  }
}

/**
 * `verification_uri_complete`: the code from the link stands in the field, and the person presses Continue. The engine would send
 * the form by script instead (RFC 8628 §3.3.1: the code is shown and confirmed; security-cases D13).
 */
export function prefillUserCode(): Middleware {
  return async (ctx, next) => {
    if (ctx.path === routes.code_verification && (ctx.method === 'GET' || ctx.method === 'HEAD')) {
      const given = ctx.query['user_code']
      ctx.state['prefilledUserCode'] = typeof given === 'string' ? given.slice(0, 32) : ''
      ctx.querystring = ''
    }
    await next()
  }
}
