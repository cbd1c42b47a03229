import type { SentMessage } from '#mail/mail.ts'
import { members, text } from './members.ts'
import type { EmulatorControlParts } from './parts.ts'
import { type ControlRoute, route } from './route.ts'

const listQuery = members({ to: text('allowed is an e-mail address', 320).optional() })

const messageAnswer = ({ id, sentAt, to, subject, text: words }: SentMessage): object => ({
  id,
  sentAt: new Date(sentAt).toISOString(),
  to,
  subject,
  text: words,
})

/** The mail that would have been sent, secrets and all: that is what it is read for. */
export function outboxRoutes({ outbox }: EmulatorControlParts): readonly ControlRoute[] {
  return [
    route({
      method: 'GET',
      path: '/emulator/outbox',
      query: listQuery,
      answer: async ({ query }) => ({
        status: 200,
        body: { messages: (await outbox.list(query.to)).map(messageAnswer) },
      }),
    }),
    route({
      method: 'DELETE',
      path: '/emulator/outbox',
      answer: async () => {
        await outbox.clear()
        return { status: 204 }
      },
    }),
  ]
}
