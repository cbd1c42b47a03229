import type { Context } from 'koa'
import type { Provider } from 'oidc-provider'
import type { UserId } from '#domain/user.ts'
import type { BrowserSessions } from '#http/browser-session.ts'
import type { AuthorizationServerParts } from './parts.ts'

type EngineSession = InstanceType<Provider['Session']>

/** Browser sessions for pages outside an authorization request, on the engine's own Session model and cookie. */
export function browserSessions(provider: Provider, parts: AuthorizationServerParts): BrowserSessions {
  const cookie = provider.cookieName('session')
  const options = { httpOnly: true, sameSite: 'lax', signed: true, overwrite: true, path: '/' } as const

  const load = (ctx: Context): Promise<EngineSession> =>
    provider.Session.get(
      provider.createContext(ctx.req, ctx.res) as unknown as Parameters<Provider['Session']['get']>[0],
    )

  async function keep(ctx: Context, session: EngineSession): Promise<void> {
    const { sessionIdle, sessionAbsolute } = parts.spans
    const now = Math.floor(parts.engineNow() / 1000)
    const left = (session.loginTs ?? now) + sessionAbsolute - now
    await session.save(Math.max(1, Math.min(sessionIdle, left)))
    ctx.cookies.set(cookie, session.jti, { ...options, expires: new Date(Number(session.exp) * 1000) })
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
      ctx.cookies.set(cookie, null, options)
    },
  }
}
