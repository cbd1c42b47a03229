import type { Context, Middleware } from 'koa'
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider'
import type { UserId } from '#domain/user.ts'
import { MalformedForm, readForm } from '#http/form.ts'
import type { GrantWork } from './grant-work.ts'
import { continuePage, type SignedOutPage, signedOutPage, signOutPage } from './pages.ts'
import type { AuthorizationServerParts } from './parts.ts'
import { ssoCookie } from './sso-cookie.ts'

const logoutPath = '/oauth2/logout'
const successPath = `${logoutPath}/success`

type LogoutFeature = NonNullable<NonNullable<Configuration['features']>['rpInitiatedLogout']>

interface LogoutState {
  readonly secret?: string
  readonly clientId?: string
}

const stateOf = (ctx: KoaContextWithOIDC): LogoutState => (ctx.oidc?.session?.state ?? {}) as LogoutState

function showSignOut(parts: AuthorizationServerParts, ctx: KoaContextWithOIDC): void {
  ctx.status = 200
  ctx.type = 'html'
  ctx.body = signOutPage(parts.views, {
    action: `${logoutPath}/confirm`,
    xsrf: stateOf(ctx).secret ?? '',
    integration: ctx.oidc.client?.clientName ?? ctx.oidc.client?.clientId,
    accountHref: '/account',
  })
}

/** The provider by which this browser signed in, unless it comes from there. A sign-out of ours never asks it by itself. */
async function providerOf(parts: AuthorizationServerParts, ctx: Context): Promise<SignedOutPage['provider']> {
  const browser = ssoCookie(parts).known(ctx)
  if (browser === undefined || ctx.query['state'] !== undefined) return undefined
  const logout = await parts.sso.logoutOf(browser)
  return logout && { name: logout.provider, href: logout.location.href }
}

/** Tells what has ended. Whoever comes by its address alone, still signed in, is asked instead: nothing has ended then. */
async function showSignedOut(parts: AuthorizationServerParts, ctx: KoaContextWithOIDC): Promise<void> {
  const session = await ctx.oidc.provider.Session.get(ctx)
  if (session.accountId !== undefined) {
    ctx.status = 303
    ctx.redirect(logoutPath)
    return
  }
  const provider = await providerOf(parts, ctx as unknown as Context)
  ctx.type = 'html'
  ctx.body = signedOutPage(parts.views, {
    integration: ctx.oidc.client?.clientName ?? ctx.oidc.client?.clientId,
    accountHref: '/account',
    provider,
  })
}

const logoutParameters = [
  'id_token_hint',
  'client_id',
  'post_logout_redirect_uri',
  'state',
  'logout_hint',
  'ui_locales',
] as const

/**
 * A logout that is asked for by POST (RP-Initiated Logout 1.0 §2) goes on as GET: browsers send no session cookie with a form
 * of another site, and an answer to it would replace the session of the person who is to be asked.
 */
export function askLogoutByGet(): Middleware {
  return async (ctx, next) => {
    if (ctx.path !== logoutPath || ctx.method !== 'POST') return next()
    const form = await readForm(ctx.req)
    const query = new URLSearchParams()
    for (const name of logoutParameters) {
      const value = form.get(name)
      if (value !== undefined) query.set(name, value)
    }
    ctx.status = 303
    ctx.redirect(`${logoutPath}?${query}`)
  }
}

/** The pages of RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0). */
export function logoutViews(parts: AuthorizationServerParts): Omit<LogoutFeature, 'enabled'> {
  return {
    logoutSource: (ctx) => showSignOut(parts, ctx),
    postLogoutSuccessSource: (ctx) => showSignedOut(parts, ctx),
  }
}

/**
 * A redirect to another origin after a POST is blocked by `form-action`: our page goes on instead (security-cases T11). Our own
 * last page learns which integration asked, so that it says what has ended.
 */
function leave(parts: AuthorizationServerParts, ctx: KoaContextWithOIDC, clientId: string | undefined): void {
  const destination = new URL(ctx.response.get('Location'), parts.origin)
  if (destination.origin === parts.origin.origin) {
    if (destination.pathname === successPath && clientId !== undefined)
      ctx.redirect(`${successPath}?${new URLSearchParams({ client_id: clientId })}`)
    return
  }
  ctx.status = 200
  ctx.remove('Location')
  ctx.type = 'html'
  ctx.body = continuePage(parts.views, {
    destination,
    integration: ctx.oidc.client?.clientName ?? clientId ?? '',
  })
}

/**
 * Without `logout` the engine ends less than the last page would tell: the session stays, and so do other tokens. No form of ours
 * leaves it out. @throws MalformedForm always, so that nothing is committed and the session's cookie stays as it was
 */
function refuseHalf(ctx: KoaContextWithOIDC): never {
  for (const header of ['Location', 'Set-Cookie']) ctx.remove(header)
  throw new MalformedForm(400, 'logout is missing')
}

/**
 * RP-initiated logout ends that client's connections of this browser session, which the engine alone does not do for tokens
 * that outlive the session. Events are not awaited, so this stands around the engine, in the same unit (ARCHITECTURE, Leaving).
 */
export function endConnectionsOnLogout(parts: AuthorizationServerParts, work: GrantWork): Middleware {
  async function endConnections(
    { uid, accountId }: { readonly uid: string; readonly accountId?: string | undefined },
    clientId: string,
  ): Promise<void> {
    // A session that forgot whose it was costs a look at all connections, and ends the same ones.
    const user = accountId === undefined ? {} : { userId: accountId as UserId }
    for (const { tag } of await parts.grants.list({ ...user, sessionUid: uid, clientId }))
      await work.destroy(tag, 'grant-revoked', 'logout')
  }
  return async (context, next) => {
    await next()
    const ctx = context as unknown as KoaContextWithOIDC
    const session = ctx.oidc?.session
    const { clientId } = stateOf(ctx)
    // Without a session the engine answers with a form that sends itself; ours waits for the person.
    if (ctx.oidc?.route === 'end_session' && ctx.status === 200 && session?.accountId === undefined)
      showSignOut(parts, ctx)
    if (ctx.oidc?.route !== 'end_session_confirm' || ctx.status !== 303) return
    if (ctx.oidc.params?.['logout'] === undefined) refuseHalf(ctx)
    if (session && clientId !== undefined) await endConnections(session, clientId)
    leave(parts, ctx, clientId)
  }
}
