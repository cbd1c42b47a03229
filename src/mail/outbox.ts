import type { Clock } from '#domain/clock.ts'
import { normalizedEmail } from '#domain/user.ts'
import type { Secrets } from '#secrets/secrets.ts'
import type { Change, Store, StoredRecord } from '#store/store.ts'
import type { Mail, Outbox, SentMessage } from './mail.ts'

export interface OutboxParts {
  readonly store: Store
  readonly secrets: Pick<Secrets, 'seal' | 'unseal'>
  readonly clock: Clock
  readonly randomBytes: (size: number) => Buffer
}

/** How many messages are kept: the next one takes the place of the oldest. */
const kept = 100
const keptMs = 86_400_000
const index = 'outbox'

const deletion = ({ key }: StoredRecord): Change => ({ kind: 'delete', key })

/** Messages as sealed records of the store, in the order of their time, for a day at most. */
export function storedOutbox({ store, secrets, clock, randomBytes }: OutboxParts): Mail & Outbox {
  /** A message that other keys sealed is none of ours. */
  function messageOf({ key, value }: StoredRecord): readonly SentMessage[] {
    const text = secrets.unseal(key, value)
    return text === undefined ? [] : [JSON.parse(text) as SentMessage]
  }

  return {
    async send(message) {
      const sentAt = clock.now()
      const id = randomBytes(9).toString('base64url')
      const key = `outbox:${String(sentAt).padStart(15, '0')}:${id}`
      const before = await store.list(index)
      await store.commit([
        ...before.slice(0, Math.max(0, before.length - kept + 1)).map(deletion),
        {
          kind: 'put',
          key,
          value: secrets.seal(key, JSON.stringify({ id, sentAt, ...message })),
          expiresAt: sentAt + keptMs,
          expected: 'absent',
          indexes: [index],
        },
      ])
    },

    async list(to) {
      const messages = (await store.list(index)).flatMap(messageOf).reverse().slice(0, kept)
      return to === undefined
        ? messages
        : messages.filter((message) => normalizedEmail(message.to) === normalizedEmail(to))
    },

    async clear() {
      const all = await store.list(index)
      if (all.length > 0) await store.commit(all.map(deletion))
    },
  }
}
