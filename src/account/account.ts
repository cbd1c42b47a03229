/**
 * Account: where users see what they connected and end it, and what else is theirs (product documentation 2.1, 3.14; ASVS 5.0
 * 10.7.3). A frame with tabs, one file each. Owns no record that lasts: connections are read and ended through the grants port,
 * tokens through the identity's, the session through the browser-session port.
 */
import Router from '@koa/router'
import type { Middleware } from 'koa'
import type { BrowserSessions } from '#http/browser-session.ts'
import { accountFrame, signOutPath } from './frame.ts'
import { type AccountParts, type Section, seeOther } from './section.ts'

/**
 * The routes under `/account`; the sign-in pages belong to the authorization server.
 * @param sections the tabs, in the order in which they stand
 */
export function accountRoutes(
  parts: AccountParts,
  sessions: BrowserSessions,
  sections: readonly Section[],
): Middleware {
  const router = new Router({ sensitive: true, strict: true })
  const shown = sections.filter(({ isThere }) => isThere?.(parts) ?? true)
  const tabs = shown.map(({ tab }) => tab)
  const frame = accountFrame(parts, sessions, tabs)
  for (const section of shown) section.open(router, frame, { ...parts, sessions })

  router.post(
    signOutPath,
    frame.form(async (ctx) => {
      await sessions.signOut(ctx)
      seeOther(ctx, '/oauth2/logout/success')
    }),
  )
  return router.routes() as unknown as Middleware
}
