import type { Context, Middleware } from 'koa'
import { errorPage } from '#http/error-page.ts'
import { routes } from './configuration.ts'
import type { AuthorizationServerParts } from './parts.ts'

/** Where a SAML provider's page posts its answer (SAML 2.0 Bindings §3.5). */
export const acsPath = '/sso/acs'

/** What each fixed path takes. The engine's router is lenient with case and slashes; this table is not (security-cases B02). */
const methods: ReadonlyMap<string, readonly string[]> = new Map([
  [routes.authorization, ['GET']],
  [routes.token, ['POST']],
  [routes.device_authorization, ['POST']],
  [routes.registration, ['POST']],
  // A token travels in the header alone (thousandeyes-facts 2.1), so there is no POST with a token in its body.
  [routes.userinfo, ['GET']],
  [routes.jwks, ['GET', 'OPTIONS']],
  [routes.revocation, ['POST']],
  [routes.introspection, ['POST']],
  [routes.code_verification, ['GET', 'POST']],
  [routes.end_session, ['GET', 'POST']],
  [`${routes.end_session}/confirm`, ['POST']],
  [`${routes.end_session}/success`, ['GET']],
  ['/sso/callback', ['GET']],
  [acsPath, ['POST']],
  ['/sso/metadata', ['GET']],
  // The engine has documents of its own at these; ours are metadata.ts.
  ['/.well-known/oauth-authorization-server', ['GET', 'OPTIONS']],
  ['/.well-known/openid-configuration', ['GET', 'POST', 'OPTIONS']],
  ['/.well-known/oauth-protected-resource', ['GET']],
  ['/.well-known/oauth-protected-resource/v7', ['GET']],
])

/** Where clients say who they are. */
export const clientEndpoints: ReadonlySet<string> = new Set<string>([
  routes.token,
  routes.device_authorization,
  routes.revocation,
  routes.introspection,
])

/** Paths for programs answer JSON, the rest are pages. */
export const isForPrograms = (path: string): boolean =>
  path.startsWith('/v7/') || path.startsWith('/.well-known/')

/** Answers a refusal in the form its reader expects: JSON of RFC 6749 §5.2, or our error page. */
export function answerRefusal(
  parts: Pick<AuthorizationServerParts, 'views'>,
  ctx: Parameters<Middleware>[0],
  refusal: { readonly status: number; readonly error: string; readonly description: string },
): void {
  ctx.status = refusal.status
  if (isForPrograms(ctx.path)) {
    ctx.set('Cache-Control', 'no-store')
    ctx.body = { error: refusal.error, error_description: refusal.description }
    return
  }
  ctx.type = 'html'
  ctx.body = errorPage(parts.views, {
    status: refusal.status,
    requestId: ctx.response.get('X-Request-Id'),
    code: refusal.error,
    description: refusal.description,
  })
}

/** What a throw means to the caller: the fault of the request, when it says so itself, or ours. */
function refusalOf(error: unknown): { status: number; error: string; description: string } {
  const status = error instanceof Error && 'status' in error ? Number(error.status) : 500
  return status >= 400 && status < 500
    ? { status, error: 'invalid_request', description: 'The request is malformed or its session is over.' }
    : {
        status: 503,
        error: 'temporarily_unavailable',
        // Whether a commit that failed took effect is unknown (store.ts), so nothing is said about it.
        description: 'The server cannot answer now. Try again in a moment.',
      }
}

/** A path as the log may have it: the id of an interaction is also its cookie, and a caller's text has no end of its own. */
export const pathForLog = (path: string): string =>
  path.replace(/\/[\w-]{43}(?=\/|$)/g, '/:uid').slice(0, 200)

/** A failure is for the log; its caller may try again. What was being answered leads nowhere now. */
function noteFailure(parts: AuthorizationServerParts, ctx: Context, error: unknown): void {
  for (const header of ['Location', 'Set-Cookie', 'WWW-Authenticate']) ctx.remove(header)
  ctx.set('Retry-After', '2')
  parts.log({
    event: 'failure',
    path: pathForLog(ctx.path),
    request: ctx.response.get('X-Request-Id'),
    error: error instanceof Error ? String(error.stack) : String(error),
  })
}

/** One boundary: everything that throws ends here, and nobody sees a stack (security-cases K07). */
export function answerFailures(parts: AuthorizationServerParts): Middleware {
  return async (ctx, next) => {
    try {
      await next()
    } catch (error) {
      const refusal = refusalOf(error)
      if (refusal.status === 503) noteFailure(parts, ctx, error)
      answerRefusal(parts, ctx, refusal)
    }
  }
}

/** Exact paths and methods only; what is left over after all routes is 404 or 405 in the reader's form. */
export function knownPathsOnly(parts: AuthorizationServerParts): Middleware {
  const notFound = { status: 404, error: 'not_found', description: 'There is nothing at this address.' }
  const known = new Map(methods)
  if (parts.registration === 'closed') known.delete(routes.registration)
  return async (ctx, next) => {
    const lenient = ctx.path.toLowerCase().replace(/\/+$/, '')
    if (lenient !== ctx.path && known.has(lenient)) return answerRefusal(parts, ctx, notFound)
    const allowed = known.get(ctx.path)
    const method = ctx.method === 'HEAD' ? 'GET' : ctx.method
    if (allowed && !allowed.includes(method)) {
      ctx.set('Allow', allowed.join(', '))
      const description = `Allowed is ${allowed.join(', ')}.`
      return answerRefusal(parts, ctx, { status: 405, error: 'invalid_request', description })
    }
    await next()
    if (ctx.status === 404 && ctx.body === undefined) answerRefusal(parts, ctx, notFound)
  }
}

/** A client that registered `client_secret_post` does not authenticate by Basic (ASVS 5.0 10.4.10; metadata says so). */
export function refuseBasic(parts: AuthorizationServerParts): Middleware {
  return (ctx, next) => {
    if (
      !clientEndpoints.has(ctx.path) ||
      ctx.method !== 'POST' ||
      !/^basic\b/i.test(ctx.get('authorization'))
    )
      return next()
    ctx.set('WWW-Authenticate', `Basic realm="${parts.origin.origin}"`)
    answerRefusal(parts, ctx, {
      status: 401,
      error: 'invalid_client',
      description: 'client authentication is by client_secret in the body',
    })
    return undefined
  }
}

/**
 * Forms are sent from our own pages only: a POST that a browser marks as coming from elsewhere changes nothing
 * (security-cases E09 to E11). Clients without a browser send neither header and have no session to abuse.
 */
export function ownFormsOnly(parts: AuthorizationServerParts): Middleware {
  return async (ctx, next) => {
    // A provider's answer is a form of another site by its nature; what it proves is signed, and it signs nobody in by itself.
    if (ctx.method !== 'POST' || isForPrograms(ctx.path) || ctx.path === acsPath) return next()
    const site = ctx.get('sec-fetch-site')
    const origin = ctx.get('origin')
    // Under our Referrer-Policy browsers write `null` for our own forms (Fetch standard, `Origin` header): it says nothing.
    const isForeign =
      (site !== '' && site !== 'same-origin') || !['', 'null', parts.origin.origin].includes(origin)
    if (!isForeign) return next()
    answerRefusal(parts, ctx, {
      status: 403,
      error: 'access_denied',
      description: 'This form was sent from another site.',
    })
  }
}
