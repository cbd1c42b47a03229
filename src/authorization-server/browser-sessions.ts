import type { Context } from 'koa'
import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import type { UserId } from '#domain/user.ts'
import type { BrowserSessions } from '#http/browser-session.ts'
import type { AuthorizationServerParts } from './parts.ts'

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

/** Browser sessions for pages outside an authorization request, on the engine's own Session model and cookie. */
export function browserSessions(provider: Provider, parts: AuthorizationServerParts): BrowserSessions {
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
      return { userId: session.accountId as UserId, uid: session.uid }
    },
    async signIn(ctx, userId) {
      const before = await load(ctx)
      // Another person's session ends; it is not handed over.
      if (before.accountId !== undefined && before.accountId !== userId) await before.destroy()
      const session = before.accountId === userId ? before : new provider.Session()
      session.loginAccount({ accountId: userId, loginTs: Math.floor(parts.engineNow() / 1000), amr: ['pwd'] })
      if (before.accountId === userId) session.resetIdentifier()
      await keep(ctx, session)
    },
    async signOut(ctx) {
      const session = await load(ctx)
      if (session.exp !== undefined) await session.destroy()
      ctx.cookies.set(cookie, null, cookieOptions)
    },
  }
}
