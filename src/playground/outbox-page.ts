/** The page of the outbox: mail that an installation would have sent, for whoever runs the emulator. */

import type { Views } from '#http/page.ts'
import { instantInWords } from '#http/time-in-words.ts'
import type { SentMessage } from '#mail/mail.ts'

export interface OutboxPage {
  /** Newest first. */
  readonly messages: readonly SentMessage[]
  /** The address that was asked for; empty for all. */
  readonly to: string
}

export const outboxPage = (views: Views, { messages, to }: OutboxPage): string =>
  views.render('outbox', {
    to,
    messages: messages.map((message) => ({ ...message, sent: instantInWords(message.sentAt) })),
  })
