import { createHash } from 'node:crypto'
import type { Secrets } from '#secrets/secrets.ts'
import type { AuthenticationRequest } from './authentication-request.ts'

/** What a code stands for. */
export interface Coded {
  readonly clientId: string
  readonly redirectUri: string
  readonly nonce: string
  readonly challenge: string
  readonly email: string
  /** Epoch ms. */
  readonly signedInAt: number
}

const context = 'demo-provider-code'
const lifetimeMs = 60_000

/** Codes that carry what they stand for, sealed, so that any process of the same keys takes them; each of them once. */
export function demoCodes({
  secrets,
  now,
}: {
  secrets: Pick<Secrets, 'seal' | 'unseal'>
  now: () => number
}) {
  const spent = new Map<string, number>()

  /** What is too old to be exchanged need not be remembered. */
  function forgetOld(): void {
    for (const [code, at] of spent) if (now() - at > lifetimeMs) spent.delete(code)
  }

  return {
    make({ clientId, redirectUri, nonce, challenge }: AuthenticationRequest, email: string): string {
      const coded: Coded = { clientId, redirectUri, nonce, challenge, email, signedInAt: now() }
      return secrets.seal(context, JSON.stringify(coded))
    },
    /** @returns undefined for a code that is forged, too old or spent */
    take(code: string): Coded | undefined {
      forgetOld()
      const text = secrets.unseal(context, code)
      const coded = text === undefined ? undefined : (JSON.parse(text) as Coded)
      if (!coded || spent.has(text ?? '') || now() - coded.signedInAt > lifetimeMs) return undefined
      spent.set(text ?? '', coded.signedInAt)
      return coded
    },
  }
}

/** RFC 7636 §4.6. */
export const fits = (verifier: string, challenge: string): boolean =>
  createHash('sha256').update(verifier).digest('base64url') === challenge
