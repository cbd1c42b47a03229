/**
 * Account: the page where users see what they connected and end it (product documentation 3.14; ASVS 5.0 10.7.3).
 * Owns no records: connections are read and ended through the grants port, the session through the browser-session port.
 */
import Router from '@koa/router'
import type { Context, Middleware } from 'koa'
import type { Broker } from '#broker/broker.ts'
import type { AccountGroup } from '#domain/account-group.ts'
import { type Connection, parseGrantTag } from '#domain/grant.ts'
import { isRefusal } from '#domain/refusal.ts'
import type { ScopeWord } from '#domain/scope.ts'
import { isActive, type User } from '#domain/user.ts'
import type { Grants } from '#grants/grants.ts'
import type { BrowserSession, BrowserSessions } from '#http/browser-session.ts'
import { errorPage } from '#http/error-page.ts'
import { readForm } from '#http/form.ts'
import type { Views } from '#http/page.ts'
import type { Identity } from '#identity/identity.ts'
import type { Integrations } from '#integrations/integrations.ts'
import type { Secrets } from '#secrets/secrets.ts'
import type { Upstream } from '#upstream/upstream.ts'
import { type AccountConnection, accountPage } from './pages.ts'

export interface AccountParts {
  readonly views: Views
  readonly identity: Identity
  readonly grants: Grants
  readonly integrations: Integrations
  readonly broker: Broker
  readonly upstream: Upstream
  readonly scopes: readonly ScopeWord[]
  readonly secrets: Pick<Secrets, 'mac' | 'hasMac'>
}

interface SignedIn {
  readonly session: BrowserSession
  readonly user: User
}

const signInPath = '/account/sign-in'
const purpose = 'account-form'
const noticePurpose = 'account-notice'

function seeOther(ctx: Context, path: string): void {
  ctx.status = 303
  ctx.redirect(path)
}

const nameIn =
  ({ integrations }: AccountParts) =>
  async (clientId: string): Promise<string> =>
    (await integrations.find(clientId))?.name ?? clientId

/** What the account page reads of a user's connections. */
function connectionsOf(parts: AccountParts): (user: User) => Promise<readonly AccountConnection[]> {
  const words = new Map(parts.scopes.map((word) => [word.name, word]))
  const nameOf = nameIn(parts)

  async function groupsOf(user: User): Promise<ReadonlyMap<string, AccountGroup>> {
    const credential = await parts.broker.lend({ userId: user.id })
    const groups = isRefusal(credential) ? [] : await parts.upstream.accountGroups(user.region, credential)
    return new Map(groups.map((group) => [group.aid, group]))
  }

  return async (user) => {
    const [groups, connections] = await Promise.all([groupsOf(user), parts.grants.list({ userId: user.id })])
    const shown = async (connection: Connection): Promise<AccountConnection> => ({
      ...connection,
      integration: await nameOf(connection.clientId),
      scopes: connection.scopes.map((name) => words.get(name) ?? { name, meaning: name }),
      accountGroups: connection.accountGroups.map((aid) => ({ aid, name: groups.get(aid)?.name ?? aid })),
    })
    return Promise.all(connections.map(shown))
  }
}

/** The routes under `/account`; the sign-in pages belong to the authorization server. */
export function accountRoutes(parts: AccountParts, sessions: BrowserSessions): Middleware {
  const router = new Router({ sensitive: true, strict: true })
  const connections = connectionsOf(parts)
  const nameOf = nameIn(parts)

  async function signedIn(ctx: Context): Promise<SignedIn | undefined> {
    const session = await sessions.find(ctx)
    const user = session && (await parts.identity.find(session.userId))
    return session && user && isActive(user) ? { session, user } : undefined
  }

  /** The form of a signed-in user with the token of that session, or undefined with the answer already given. */
  async function ownForm(
    ctx: Context,
  ): Promise<(SignedIn & { form: ReadonlyMap<string, string> }) | undefined> {
    const who = await signedIn(ctx)
    if (!who) {
      seeOther(ctx, signInPath)
      return undefined
    }
    const form = await readForm(ctx.req)
    if (parts.secrets.hasMac(purpose, who.session.uid, form.get('csrf') ?? '')) return { ...who, form }
    ctx.status = 403
    ctx.type = 'html'
    ctx.body = errorPage(parts.views, { status: 403, requestId: ctx.response.get('X-Request-Id') })
    return undefined
  }

  async function show(ctx: Context, { session, user }: SignedIn): Promise<void> {
    ctx.type = 'html'
    ctx.body = accountPage(parts.views, {
      csrf: parts.secrets.mac(purpose, session.uid),
      disconnectAction: '/account/disconnect',
      signOutAction: '/account/sign-out',
      name: user.name,
      email: user.email,
      region: user.region,
      organization: user.organizationName,
      connections: await connections(user),
      disconnected: await disconnectedNow(ctx, session),
    })
  }

  const noticeOf = (session: BrowserSession, clientId: string): string =>
    parts.secrets.mac(noticePurpose, `${session.uid}:${clientId}`)

  /** The integration of the notice, if the address was made by our own Disconnect: a link from elsewhere says nothing here. */
  async function disconnectedNow(ctx: Context, session: BrowserSession): Promise<string | undefined> {
    const { disconnected, notice } = ctx.query
    if (typeof disconnected !== 'string' || typeof notice !== 'string') return undefined
    return parts.secrets.hasMac(noticePurpose, `${session.uid}:${disconnected}`, notice)
      ? nameOf(disconnected)
      : undefined
  }

  router.get('/account', async (ctx) => {
    const who = await signedIn(ctx)
    if (who) await show(ctx, who)
    else seeOther(ctx, signInPath)
  })

  router.post('/account/disconnect', async (ctx) => {
    const sent = await ownForm(ctx)
    if (!sent) return
    const tag = parseGrantTag(sent.form.get('connection') ?? '')
    // Only among the user's own: a tag of somebody else's connection is no connection here.
    const own = (await parts.grants.list({ userId: sent.user.id })).find(
      (connection) => connection.tag === tag,
    )
    if (own)
      await parts.grants.revoke(own.tag, { actor: sent.user.id, reason: 'disconnected on the account page' })
    const notice = own && { disconnected: own.clientId, notice: noticeOf(sent.session, own.clientId) }
    // To a page that can be loaded again without sending the form again.
    seeOther(ctx, notice ? `/account?${new URLSearchParams(notice)}` : '/account')
  })

  router.post('/account/sign-out', async (ctx) => {
    if (!(await ownForm(ctx))) return
    await sessions.signOut(ctx)
    seeOther(ctx, '/oauth2/logout/success')
  })

  return router.routes() as unknown as Middleware
}
