import type { Context } from 'koa'
import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { User, UserId } from '#domain/user.ts'
import type { BrowserSessions, SignedInBrowser } from '#http/browser-session.ts'
import type { AuthorizationServerParts } from './parts.ts'
import { noteSignIn, signInOf, visitIn } from './request-notes.ts'
import type { BegunSession, SignedInBrowsers } from './signed-in-browsers.ts'
import type { UnitsOfWork } from './unit-of-work.ts'

type EngineSession = InstanceType<Provider['Session']>

/** An anonymous visit to the device page leaves a session row for so long and no longer (security-cases L04). */
export const anonymousSessionSeconds = 600

const cookieOptions = { httpOnly: true, sameSite: 'lax', signed: true, overwrite: true, path: '/' } as const

/**
 * Saves a session that begins with an error page of the device flow. The engine writes the secret of that page's form into the
 * session after it has saved sessions, and then fails on one that never was.
 */
export async function keepNewSession(ctx: KoaContextWithOIDC): Promise<void> {
  const session = ctx.oidc.session as EngineSession | undefined
  if (!session || session.exp !== undefined) return
  await session.save(anonymousSessionSeconds)
  const expires = new Date(Number(session.exp) * 1000)
  ctx.cookies.set(ctx.oidc.provider.cookieName('session'), session.jti, { ...cookieOptions, expires })
}

export interface BrowserSessionParts {
  readonly provider: Provider
  readonly parts: AuthorizationServerParts
  readonly units: UnitsOfWork
  readonly browsers: SignedInBrowsers
}

/** Records an end. @param detail when it was not in the browser whose session it is */
function recordEnd(
  { parts, units }: BrowserSessionParts,
  userId: string,
  detail?: 'elsewhere' | 'everywhere',
): void {
  const unit = units.current()
  const event = { event: 'session-ended', actor: userId, userId, address: visitIn(unit).address } as const
  unit.also(parts.audit.entry({ ...event, ...(detail === undefined ? {} : { detail }) }))
}

/** Whoever destroys a session, the engine included, ends it for good. A changed id is no end: the engine does not call it one. */
export function endDestroyedSessions(all: BrowserSessionParts): void {
  all.provider.on('session.destroyed', ({ uid, accountId }) => {
    if (accountId === undefined) return
    all.browsers.end(uid)
    recordEnd(all, accountId)
  })
}

/** What a user sees of the sessions that are alive, and how they are ended. */
function namedSessions(all: BrowserSessionParts): Pick<BrowserSessions, 'list' | 'end'> {
  const { provider, parts, browsers } = all

  const isAlive = async (userId: UserId, uid: string): Promise<boolean> =>
    (await provider.Session.findByUid(uid))?.accountId === userId

  async function alive(userId: UserId): Promise<readonly BegunSession[]> {
    const begun = await browsers.list(userId)
    const marks = await Promise.all(begun.map(({ uid }) => isAlive(userId, uid)))
    return begun.filter((_, index) => marks[index]).sort((a, b) => b.lastSeenAt - a.lastSeenAt)
  }

  return {
    list: async (userId) => (await alive(userId)).map(({ uid: _, ...shown }): SignedInBrowser => shown),

    async end(userId, which) {
      const found = (await alive(userId)).filter(({ name }) => which === 'all' || name === which.name)
      // First of all: a sign-in that is under way now ends with the others.
      if (which === 'all') await parts.directory.endSessions(userId)
      for (const { uid } of found) browsers.end(uid)
      if (found.length > 0) recordEnd(all, userId, which === 'all' ? 'everywhere' : 'elsewhere')
      return found.length > 0
    },
  }
}

/** Browser sessions for pages outside an authorization request, on the engine's own Session model and cookie. */
export function browserSessions(all: BrowserSessionParts): BrowserSessions {
  const { provider, parts, units, browsers } = all
  const cookie = provider.cookieName('session')

  const load = (ctx: Context): Promise<EngineSession> =>
    provider.Session.get(
      provider.createContext(ctx.req, ctx.res) as unknown as Parameters<Provider['Session']['get']>[0],
    )

  async function keep(ctx: Context, session: EngineSession): Promise<void> {
    const { sessionIdle, sessionAbsolute } = parts.spans
    const now = Math.floor(parts.engineNow() / 1000)
    const left = (session.loginTs ?? now) + sessionAbsolute - now
    await session.save(Math.max(1, Math.min(sessionIdle, left)))
    ctx.cookies.set(cookie, session.jti, { ...cookieOptions, expires: new Date(Number(session.exp) * 1000) })
  }

  return {
    async find(ctx) {
      const session = await load(ctx)
      if (session.accountId === undefined || session.uid === undefined) return undefined
      await keep(ctx, session)
      const { uid } = session
      return { userId: session.accountId as UserId, uid, name: browsers.nameOf(uid) }
    },
    async signIn(ctx, user: User, amr) {
      const userId = user.id
      const before = await load(ctx)
      // Another person's session ends; it is not handed over.
      if (before.accountId !== undefined && before.accountId !== userId) await before.destroy()
      const session = before.accountId === userId ? before : new provider.Session()
      const signIn = signInOf(user, parts, amr)
      session.loginAccount({ accountId: userId, loginTs: signIn.ts, amr: signIn.amr })
      noteSignIn(units, signIn)
      if (before.accountId === userId) session.resetIdentifier()
      await keep(ctx, session)
    },
    async signOut(ctx) {
      const session = await load(ctx)
      if (session.exp !== undefined) await session.destroy()
      ctx.cookies.set(cookie, null, cookieOptions)
    },
    ...namedSessions(all),
  }
}
