import type { Call } from './call.ts'
import type { Message } from './words.ts'

export interface OutboxReading {
  /** Mail to users, newest first, codes and all. @param query `to` an e-mail address */
  list(query?: { readonly to?: string }): Promise<readonly Message[]>
  clear(): Promise<void>
}

type WireMessage = Omit<Message, 'sentAt'> & { readonly sentAt: string }

const messageOf = (wire: WireMessage): Message => ({ ...wire, sentAt: new Date(wire.sentAt) })

export const outboxReading = (call: Call): OutboxReading => ({
  list: async (query = {}) =>
    ((await call('GET', '/outbox', { query: { ...query } })) as { messages: WireMessage[] }).messages.map(
      messageOf,
    ),
  clear: async () => void (await call('DELETE', '/outbox')),
})
