import type { Context } from 'koa'
import { isActive, type User } from '#domain/user.ts'
import type { BrowserSessions } from '#http/browser-session.ts'
import { errorPage } from '#http/error-page.ts'
import { readForm } from '#http/form.ts'
import type { Tab } from './frame-page.ts'
import { type AccountParts, type Frame, type SignedIn, seeOther } from './section.ts'

const signInPath = '/account/sign-in'
const purpose = 'account-form'

/** The path of the form that ends the session; it stands on every tab. */
export const signOutPath = '/account/sign-out'

/** An organization that is known by its id alone, as in a broker, is no number without a word. */
const organizationInWords = ({ organizationId, organizationName }: User): string =>
  organizationName === organizationId ? `Organization ${organizationId}` : organizationName

/** The check that somebody is signed in, and that a form is of that session, before any section is asked. */
export function accountFrame(
  { identity, secrets, views }: AccountParts,
  sessions: BrowserSessions,
  tabs: readonly Tab[],
): Frame {
  async function signedIn(ctx: Context): Promise<SignedIn | undefined> {
    const session = await sessions.find(ctx)
    const user = session && (await identity.find(session.userId))
    if (session && user && isActive(user)) return { session, user }
    seeOther(ctx, signInPath)
    return undefined
  }

  return {
    page: (show) => async (ctx) => {
      const who = await signedIn(ctx)
      if (!who) return
      const html = await show(ctx, who)
      ctx.type = 'html'
      ctx.body = html
    },

    form: (handle) => async (ctx) => {
      // The body first, which may be minutes on its way: the session has to be alive when something is done in it.
      const form = await readForm(ctx.req)
      const who = await signedIn(ctx)
      if (!who) return
      if (secrets.hasMac(purpose, who.session.uid, form.get('csrf') ?? ''))
        return handle(ctx, { ...who, form })
      ctx.status = 403
      ctx.type = 'html'
      ctx.body = errorPage(views, { status: 403, requestId: ctx.response.get('X-Request-Id') })
    },

    around: ({ session, user }, current) => ({
      csrf: secrets.mac(purpose, session.uid),
      signOutAction: signOutPath,
      name: user.name,
      email: user.email,
      region: user.region,
      organizationName: organizationInWords(user),
      tabs,
      current,
    }),
  }
}
