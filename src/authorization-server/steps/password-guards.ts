import { type RegionChoice, type RegionId, regionsToTry } from '#domain/region.ts'
import { normalizedEmail, type User } from '#domain/user.ts'
import type { Guards, LimitRule } from '#limits/limits.ts'
import { type Count, countAttempt } from '../attempts.ts'

/** Ours: ThousandEyes publishes none. They hold with `--limits off` too. */
const perUser: LimitRule = { limit: 10, windowSeconds: 900 }
const perAddress: LimitRule = { limit: 100, windowSeconds: 900 }

/** What is guessed at. */
export interface Guess {
  readonly region: RegionChoice
  readonly email: string
}

export interface DrawnAttempt {
  /** Seconds to wait; 0 when the password may be looked at. */
  readonly retryAfterSeconds: number
  /** The password was right: clears the count of that user alone, and uses up nothing of the others' (DECISIONS 32). */
  giveBack(user: User): Promise<void>
}

/** Guards on passwords: per user and per address (security-cases E15). */
export interface PasswordGuards {
  /**
   * Counts one attempt before the password is looked at, so that a parallel burst gains nothing. A choice of Default guesses in
   * all regions at once and counts in all of them. @throws when the store cannot answer
   */
  draw(guess: Guess, address: string): Promise<DrawnAttempt>
}

const userKey = (region: RegionId, email: string): string => `password:${region}:${normalizedEmail(email)}`

const countsOf = ({ region, email }: Guess, address: string): readonly Count[] => [
  ...regionsToTry(region).map((one) => [userKey(one, email), perUser] as const),
  [`password-from:${address}`, perAddress],
]

export function openPasswordGuards(guards: Guards): PasswordGuards {
  return {
    async draw(guess, address) {
      const counts = countsOf(guess, address)
      return {
        retryAfterSeconds: await countAttempt(guards, counts),
        async giveBack(user) {
          const own = userKey(user.region, user.email)
          await Promise.all(counts.map(([key]) => (key === own ? guards.clear(key) : guards.release(key))))
        },
      }
    },
  }
}
