/**
 * Demo provider: an OpenID provider of its own, under a path of our origin, that stands for the login page to which an
 * organization's people are sent (thousandeyes-facts 4). With it single sign-on is shown and tested without a network.
 * It asks for no password and knows nothing of our users; only an emulator has it.
 */
import Router from '@koa/router'
import type { Context, Middleware } from 'koa'
import { errorPage } from '#http/error-page.ts'
import { readForm } from '#http/form.ts'
import type { Views } from '#http/page.ts'
import type { Secrets } from '#secrets/secrets.ts'
import { type AuthenticationRequest, parseRequest } from './authentication-request.ts'
import { demoCodes } from './codes.ts'
import { demoSignInPage } from './pages.ts'
import { demoSigning } from './signing.ts'
import { tokenEndpoint } from './token-endpoint.ts'

export interface DemoProviderParts {
  readonly views: Views
  readonly origin: URL
  readonly secrets: Pick<Secrets, 'mac' | 'hasMac' | 'seal' | 'unseal'>
  /** The machine's clock, epoch ms: relying parties go by theirs. */
  readonly now: () => number
  /** Behind the cookie's name, where several of us share a host name: cookies do not know ports (RFC 6265 §8.5). */
  readonly cookieSuffix: string
}

const root = '/demo-provider'
/** Its one client: what the default rule of single sign-on says. */
const client = { id: 'panoptes', secret: 'panoptes-demo-secret' } as const
const purpose = 'demo-provider-form'

/** OpenID Connect Discovery 1.0 §3. */
const documentOf = (issuer: string): object => ({
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/keys`,
  end_session_endpoint: `${issuer}/end-session`,
  response_types_supported: ['code'],
  response_modes_supported: ['query'],
  grant_types_supported: ['authorization_code'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['ES256'],
  scopes_supported: ['openid', 'email', 'profile'],
  claims_supported: ['sub', 'email', 'email_verified', 'name', 'groups', 'auth_time', 'amr'],
  token_endpoint_auth_methods_supported: ['client_secret_post'],
  code_challenge_methods_supported: ['S256'],
  authorization_response_iss_parameter_supported: true,
})

/** Who is signed in at the demo provider in this browser. */
function rememberedPerson({ origin, cookieSuffix }: DemoProviderParts) {
  const name = `${origin.protocol === 'https:' ? '__Secure-' : ''}panoptes_demo_provider${cookieSuffix}`
  const options = { httpOnly: true, sameSite: 'lax', signed: true, overwrite: true, path: root } as const
  return {
    of: (ctx: Context): string | undefined =>
      Buffer.from(ctx.cookies.get(name, options) ?? '', 'base64url').toString() || undefined,
    keep: (ctx: Context, email: string): void =>
      void ctx.cookies.set(name, Buffer.from(email).toString('base64url'), options),
    end: (ctx: Context): void => void ctx.cookies.set(name, null, options),
  }
}

function refuse(ctx: Context, views: Views, description: string): void {
  ctx.status = 400
  ctx.type = 'html'
  ctx.body = errorPage(views, {
    status: 400,
    requestId: ctx.response.get('X-Request-Id'),
    code: 'invalid_request',
    description,
  })
}

function seeOther(ctx: Context, location: string): void {
  ctx.status = 303
  ctx.redirect(location)
}

/** The pages: sign in, and out. */
function pageRoutes(router: Router, parts: DemoProviderParts, codes: ReturnType<typeof demoCodes>): void {
  const { views, origin, secrets } = parts
  const issuer = `${origin.origin}${root}`
  const person = rememberedPerson(parts)
  const allowed = { clientId: client.id, redirectUri: new URL('/sso/callback', origin).href }

  /** Back to the relying party, with who it is (OpenID Connect Core §3.1.2.5, RFC 9207 §2). */
  function answer(ctx: Context, request: AuthenticationRequest, email: string): void {
    const { redirectUri, state } = request
    const code = codes.make(request, email)
    seeOther(ctx, `${redirectUri}?${new URLSearchParams({ code, state, iss: issuer })}`)
  }

  function ask(
    ctx: Context,
    query: string,
    { email, isMissing }: { email: string; isMissing: boolean },
  ): void {
    ctx.status = isMissing ? 400 : 200
    ctx.type = 'html'
    const csrf = secrets.mac(purpose, query)
    ctx.body = demoSignInPage(views, { action: `${root}/authorize`, csrf, request: query, email, isMissing })
  }

  router.get(`${root}/authorize`, (ctx) => {
    const request = parseRequest(new URLSearchParams(ctx.querystring), allowed)
    if ('problem' in request) return refuse(ctx, views, request.problem)
    const known = person.of(ctx)
    const isAsked = request.isFresh || (request.loginHint !== '' && request.loginHint !== known)
    if (known !== undefined && !isAsked) answer(ctx, request, known)
    else ask(ctx, ctx.querystring, { email: request.loginHint, isMissing: false })
  })

  router.post(`${root}/authorize`, async (ctx) => {
    const form = await readForm(ctx.req)
    const query = form.get('request') ?? ''
    const request = parseRequest(new URLSearchParams(query), allowed)
    if ('problem' in request) return refuse(ctx, views, request.problem)
    const email = (form.get('email') ?? '').trim()
    if (!secrets.hasMac(purpose, query, form.get('csrf') ?? ''))
      return refuse(ctx, views, 'The form is not ours.')
    if (!/^[^\s@]+@[^\s@]+$/.test(email) || email.length > 254)
      return ask(ctx, query, { email, isMissing: true })
    person.keep(ctx, email)
    answer(ctx, request, email)
  })

  // RP-Initiated Logout 1.0 §2; it asks nobody, as there is nothing to lose here.
  router.get(`${root}/end-session`, (ctx) => {
    const back = ctx.query['post_logout_redirect_uri']
    if (back !== new URL('/oauth2/logout/success', origin).href || ctx.query['client_id'] !== client.id)
      return refuse(ctx, views, 'post_logout_redirect_uri or client_id is not one of ours')
    person.end(ctx)
    const { state } = ctx.query
    seeOther(ctx, typeof state === 'string' ? `${back}?${new URLSearchParams({ state })}` : back)
  })
}

export function openDemoProvider(parts: DemoProviderParts): { readonly routes: Middleware } {
  const router = new Router({ sensitive: true, strict: true })
  const issuer = `${parts.origin.origin}${root}`
  const codes = demoCodes(parts)
  const signing = demoSigning()
  router.get(`${root}/.well-known/openid-configuration`, (ctx) => {
    ctx.body = documentOf(issuer)
  })
  router.get(`${root}/keys`, async (ctx) => {
    ctx.body = { keys: [(await signing()).publicKey] }
  })
  router.post(`${root}/token`, tokenEndpoint({ ...parts, issuer, client, codes, signing }))
  pageRoutes(router, parts, codes)
  return { routes: router.routes() as unknown as Middleware }
}
