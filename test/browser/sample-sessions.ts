/** Sample pages of the tab Sessions. */
import { type SessionsPage, sessionsPage } from '#account/sessions-page.ts'
import type { Views } from '#http/page.ts'
import { accountFrame } from './sample-connections.ts'
import type { SampleText } from './sample-models.ts'

const laptop = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'

/** Two browsers that look alike, and one that says something else of itself. */
const sessionsModel = (text: SampleText): SessionsPage => ({
  frame: accountFrame(text, '/account/sessions'),
  endAction: '/account/sessions/end',
  endAllAction: '/account/sessions/end-all',
  own: 'first',
  isOneEnded: false,
  sessions: ['first', 'second', 'third'].map((name, index) => ({
    name,
    signedInAt: Date.UTC(2026, 9, 7, 7, 3),
    lastSeenAt: Date.UTC(2026, 9, 7, 7, 9 - index),
    amr: ['pwd'],
    address: index === 2 ? '2001:db8:85a3::8a2e:370:7334' : '203.0.113.7',
    userAgent: index === 2 ? text.userAgent : laptop,
  })),
})

export const sampleSessionsPages = (views: Views, text: SampleText): Readonly<Record<string, string>> => ({
  'account-sessions': sessionsPage(views, sessionsModel(text)),
  'account-sessions-ended': sessionsPage(views, { ...sessionsModel(text), isOneEnded: true }),
})
