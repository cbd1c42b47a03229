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
  /** @returns the text, or why it stays closed @throws when keys cannot be used now */
  unseal(context: string, sealed: Sealed): Promise<string | KeyRefusal | Refusal<'seal_broken'>>
  /** Wraps the data key by the newest key-encryption key; the sealed text itself stays as it is. */
  rewrap(context: string, sealed: Sealed): Promise<Sealed | KeyRefusal>
}

const keyLength = 32
const ivLength = 12

/** Envelope encryption (security-cases 7.1). */
export function openSealing(keys: KeyEncryption, randomBytes: (size: number) => Buffer): Sealing {
  return {
    async seal(context, text) {
      const dataKey = randomBytes(keyLength)
      const sealed = sealWith(createSecretKey(dataKey), randomBytes(ivLength), { context, text })
      return { ...(await keys.wrap(dataKey, context)), text: sealed }
    },
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
