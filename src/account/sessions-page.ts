/** The tab Sessions: where the user is signed in, each with its end (ASVS 5.0 7.5.2). */
import type { SignedInBrowser } from '#http/browser-session.ts'
import type { Views } from '#http/page.ts'
import { instantInWords } from '#http/time-in-words.ts'
import { browserInWords } from './browser-in-words.ts'
import { type AccountFrame, framed } from './frame-page.ts'

/** Each Sign out posts `csrf` and `session` to `endAction`; Sign out everywhere posts `csrf` to `endAllAction`. */
export interface SessionsPage {
  readonly frame: AccountFrame
  readonly endAction: string
  readonly endAllAction: string
  /** The last seen first. */
  readonly sessions: readonly SignedInBrowser[]
  /** The name of the session in which the page is shown. */
  readonly own: string
  /** Whether one was signed out just now. */
  readonly isOneEnded: boolean
}

const mostShown = 100

interface ShownSession {
  readonly name: string
  readonly browser: string
  readonly address: string
  /** What the button ends, different for each of them. */
  readonly subject: string
}

function shown({ amr, signedInAt, lastSeenAt, ...session }: SignedInBrowser): ShownSession {
  const browser = browserInWords(session.userAgent)
  const address = session.address === '' ? 'unknown' : session.address
  const signedIn = instantInWords(signedInAt)
  return {
    ...session,
    browser,
    address,
    subject: `${browser}, ${address}, signed in ${signedIn.text}`,
    ...{ signedIn, lastSeen: instantInWords(lastSeenAt) },
    ...{ proof: amr.includes('pwd') ? 'Password' : 'Single sign-on' },
  }
}

/** Of several that look alike, the second is called the second: a name spoken alone must say which one it is. */
function apart(sessions: readonly ShownSession[]): readonly ShownSession[] {
  const seen = new Map<string, number>()
  return sessions.map((session) => {
    const count = (seen.get(session.subject) ?? 0) + 1
    seen.set(session.subject, count)
    return count === 1 ? session : { ...session, subject: `${session.subject}, number ${count}` }
  })
}

/** Buttons Sign out, one for each session and named by it, and Sign out everywhere. */
export function sessionsPage(views: Views, { frame, sessions, own, ...page }: SessionsPage): string {
  const isOwn = ({ name }: SignedInBrowser): boolean => name === own
  const ownFirst = [...sessions.filter(isOwn), ...sessions.filter((session) => !isOwn(session))]
  return views.render('account-sessions', {
    ...page,
    ...framed(frame),
    sessions: apart(ownFirst.slice(0, mostShown).map(shown)).map((session) => ({
      ...session,
      isOwn: session.name === own,
    })),
    further: Math.max(0, sessions.length - mostShown),
  })
}
