import type { Clock } from '#domain/clock.ts'
import type { Guards, LimitRule } from '#limits/limits.ts'
import type { Mail } from '#mail/mail.ts'
import type { Secrets } from '#secrets/secrets.ts'
import type { Store } from '#store/store.ts'
import type { SignedIn } from './section.ts'

export interface TokenCodeParts {
  readonly store: Store
  readonly secrets: Pick<Secrets, 'hash' | 'mac' | 'hasMac'>
  readonly clock: Clock
  readonly guards: Guards
  readonly mail: Mail
  readonly randomBytes: (size: number) => Buffer
}

/** How long a code is good for. Ours, as the two limits are. */
export const codeSeconds = 600
const perUser: LimitRule = { limit: 5, windowSeconds: codeSeconds }
const purpose = 'token-code'

export type CodeVerdict =
  | { readonly kind: 'right' }
  | { readonly kind: 'wrong' }
  /** There is no code to compare with: it was used, or its time is over. */
  | { readonly kind: 'void' }
  | { readonly kind: 'too-many'; readonly retryAfterSeconds: number }

/** The code that is mailed to a user before a token is made: that whoever sits at the browser reads the user's mail too. */
export interface TokenCodes {
  /** Sends a new code; one sent before is good for nothing from then on. @returns seconds to wait when there were too many, else 0 */
  send(who: SignedIn): Promise<number>
  isAwaited(who: SignedIn): Promise<boolean>
  /** Counts one attempt, and uses the code up when it is right. */
  check(who: SignedIn, code: string): Promise<CodeVerdict>
}

export type TokenNoun = 'User API Token' | 'API token'

const articles: Readonly<Record<TokenNoun, string>> = { 'User API Token': 'a', 'API token': 'an' }

const text = (code: string, noun: TokenNoun): string =>
  `${code} is your code to generate ${articles[noun]} ${noun}.

Enter it on the page that asked for it within ${codeSeconds / 60} minutes.

If you did not ask for a token, somebody else is signed in as you: choose Sign out everywhere on your account page, and have your administrator reset your password.`

/** @param noun what is made: a code for one is none for the other */
export function tokenCodes(parts: TokenCodeParts, noun: TokenNoun): TokenCodes {
  const { store, secrets, clock, guards, mail, randomBytes } = parts
  const keyOf = ({ session }: SignedIn): string =>
    `token-code:${secrets.hash(purpose, `${session.uid} ${noun}`)}`
  const subjectOf = ({ session, user }: SignedIn, code: string): string =>
    `${session.uid} ${user.id} ${noun} ${code}`

  async function awaited(who: SignedIn) {
    const [stored] = await store.read([keyOf(who)])
    return stored?.value === '' ? undefined : stored
  }

  return {
    async send(who) {
      const { blocked, retryAfterSeconds } = await guards.hit(`token-code-sent:${who.user.id}`, perUser)
      if (blocked) return retryAfterSeconds
      const code = String(randomBytes(6).readUIntBE(0, 6) % 1_000_000).padStart(6, '0')
      const value = secrets.mac(purpose, subjectOf(who, code))
      const expiresAt = clock.now() + codeSeconds * 1000
      await store.commit([{ kind: 'put', key: keyOf(who), value, expiresAt, expected: 'any' }])
      await mail.send({
        to: who.user.email,
        subject: `Validation Code to generate your ${noun}`,
        text: text(code, noun),
      })
      return 0
    },

    isAwaited: async (who) => (await awaited(who)) !== undefined,

    async check(who, code) {
      const guard = `token-code:${who.user.id}`
      const { blocked, retryAfterSeconds } = await guards.hit(guard, perUser)
      if (blocked) return { kind: 'too-many', retryAfterSeconds }
      const stored = await awaited(who)
      if (!stored) return { kind: 'void' }
      if (!secrets.hasMac(purpose, subjectOf(who, code), stored.value)) return { kind: 'wrong' }
      const { key, expiresAt, version: expected } = stored
      const outcome = await store.commit([{ kind: 'put', key, value: '', expiresAt, expected }])
      if (outcome === 'conflict') return { kind: 'void' }
      await guards.clear(guard)
      return { kind: 'right' }
    },
  }
}
