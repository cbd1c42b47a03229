import { createSecretKey } from 'node:crypto'
import { isRefusal, type Refusal, refuse } from '#domain/refusal.ts'
import { sealWith, unsealWith } from '#secrets/secrets.ts'
import type { KeyEncryption, KeyRefusal, WrappedKey } from './key-encryption.ts'

/** A text under a data key of its own, with that key wrapped. */
export interface Sealed extends WrappedKey {
  readonly text: string
}

export interface Sealing {
  /** AES-256-GCM under a fresh key that seals nothing else. @param context authenticated in both layers */
  seal(context: string, text: string): Promise<Sealed>
  /**
   * Wraps such a key now, for a text that is still to come and must not be lost: sealing it then asks nobody.
   * @returns what seals one text @throws when keys cannot be used now
   */
  prepare(context: string): Promise<(text: string) => Sealed>
  /** @returns the text, or why it stays closed @throws when keys cannot be used now */
  unseal(context: string, sealed: Sealed): Promise<string | KeyRefusal | Refusal<'seal_broken'>>
  /** Wraps the data key by the newest key-encryption key; the sealed text itself stays as it is. */
  rewrap(context: string, sealed: Sealed): Promise<Sealed | KeyRefusal>
}

const keyLength = 32
const ivLength = 12

/** Envelope encryption (security-cases 7.1). */
export function openSealing(keys: KeyEncryption, randomBytes: (size: number) => Buffer): Sealing {
  async function prepare(context: string): Promise<(text: string) => Sealed> {
    const dataKey = randomBytes(keyLength)
    const wrapped = await keys.wrap(dataKey, context)
    const key = createSecretKey(dataKey)
    const vector = randomBytes(ivLength)
    return (text) => ({ ...wrapped, text: sealWith(key, vector, { context, text }) })
  }

  return {
    seal: async (context, text) => (await prepare(context))(text),
    prepare,
    async unseal(context, sealed) {
      const dataKey = await keys.unwrap(sealed, context)
      if (isRefusal(dataKey)) return dataKey
      return (
        unsealWith(createSecretKey(dataKey), context, sealed.text) ??
        refuse('seal_broken', 'What was sealed was changed, or belongs elsewhere.')
      )
    },
    async rewrap(context, sealed) {
      const dataKey = await keys.unwrap(sealed, context)
      return isRefusal(dataKey) ? dataKey : { ...(await keys.wrap(dataKey, context)), text: sealed.text }
    },
  }
}
