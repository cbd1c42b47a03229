import { type Section, type SignedIn, seeOther } from './section.ts'
import { sessionsPage } from './sessions-page.ts'

const tab = { href: '/account/sessions', name: 'Sessions' }
const endPath = '/account/sessions/end'
const endAllPath = '/account/sessions/end-all'
const signedOutPath = '/oauth2/logout/success'
const noticePurpose = 'account-session-notice'

/** Sessions: the browsers in which the user is signed in, each with its end. */
export const sessionsSection: Section = {
  tab,
  open(router, frame, { views, secrets, sessions }) {
    const noticeSubject = ({ session }: SignedIn, ended: string): string => `${session.uid}:${ended}`

    router.get(
      tab.href,
      frame.page(async (ctx, who) => {
        const { ended, notice } = ctx.query
        return sessionsPage(views, {
          frame: frame.around(who, tab.href),
          endAction: endPath,
          endAllAction: endAllPath,
          sessions: await sessions.list(who.user.id),
          own: who.session.name,
          // A link from elsewhere says nothing here.
          isOneEnded:
            typeof ended === 'string' &&
            typeof notice === 'string' &&
            secrets.hasMac(noticePurpose, noticeSubject(who, ended), notice),
        })
      }),
    )

    router.post(
      endPath,
      frame.form(async (ctx, sent) => {
        const name = sent.form.get('session') ?? ''
        if (name === sent.session.name) {
          await sessions.signOut(ctx)
          return seeOther(ctx, signedOutPath)
        }
        if (!(await sessions.end(sent.user.id, { name }))) return seeOther(ctx, tab.href)
        const notice = secrets.mac(noticePurpose, noticeSubject(sent, name))
        seeOther(ctx, `${tab.href}?${new URLSearchParams({ ended: name, notice })}`)
      }),
    )

    router.post(
      endAllPath,
      frame.form(async (ctx, { user }) => {
        await sessions.end(user.id, 'all')
        await sessions.signOut(ctx)
        seeOther(ctx, signedOutPath)
      }),
    )
  },
}
