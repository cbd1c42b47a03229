/** Samples of the outbox. */
import type { Views } from '#http/page.ts'
import { outboxPage } from '#playground/outbox-page.ts'
import type { SampleText } from './sample-models.ts'

/** @returns the HTML of the outbox in each of its states, by name */
export const outboxPages = (views: Views, text: SampleText): Readonly<Record<string, string>> => ({
  outbox: outboxPage(views, {
    to: text.email,
    messages: ['A1b2C3d4E5f6', 'B1b2C3d4E5f6'].map((id) => ({
      id,
      sentAt: Date.UTC(2026, 9, 7, 9, 12),
      to: text.email,
      subject: 'Validation Code to generate your User API Token',
      text: `482913 is your code to generate a User API Token.\n\n${text.description}`,
    })),
  }),
  'outbox-empty': outboxPage(views, { to: '', messages: [] }),
})
