import { type RegionChoice, type RegionId, regionsToTry } from '#domain/region.ts'
import { normalizedEmail, type User } from '#domain/user.ts'
import type { LimitRule } from '#limits/limits.ts'
import type { Change } from '#store/store.ts'
import { type Count, countAttempt } from '../attempts.ts'
import type { AuthorizationServerParts } from '../parts.ts'

const day = 86_400
/**
 * Ours: ThousandEyes publishes none. They hold with `--limits off` too. A stranger with one address uses up that address's budget
 * for the user and nobody else's, a stranger with many addresses the budget of all unfamiliar ones; where the user signed in
 * before, the user still gets in.
 */
const perUserAndAddress: LimitRule = { limit: 15, windowSeconds: 900 }
const perUserFromUnfamiliar: LimitRule = { limit: 60, windowSeconds: 900 }
const perAddress: LimitRule = { limit: 100, windowSeconds: 900 }
const familiarForMs = 30 * day * 1000

/** What is guessed at. */
export interface Guess {
  readonly region: RegionChoice
  readonly email: string
}

export interface DrawnAttempt {
  /** Seconds to wait; 0 when the password may be looked at. */
  readonly retryAfterSeconds: number
  /** The password was right: clears the counts of that user alone, and uses up nothing of the others' (DECISIONS 32). */
  giveBack(user: User): Promise<void>
  /** Nobody looked at the password after all. */
  undo(): Promise<void>
  /** The password was wrong. @returns the regions in which as many failed in a row as lock a user; their count begins anew */
  regionsToLock(): Promise<readonly RegionId[]>
}

/** Guards on passwords: per user, per address, and both (security-cases E15). Whether the user exists changes nothing in them. */
export interface PasswordGuards {
  /**
   * Counts one attempt before the password is looked at, so that a parallel burst gains nothing. A choice of Default guesses in
   * all regions at once and counts in all of them. @throws when the store cannot answer
   */
  draw(guess: Guess, address: string): Promise<DrawnAttempt>
  /** From now on the address is one from which the user signs in; to be committed with the sign-in. */
  familiar(user: User, address: string): Change
}

type GuardsParts = Pick<AuthorizationServerParts, 'guards' | 'store' | 'clock' | 'secrets' | 'lockAfter'>

export function openPasswordGuards({
  guards,
  store,
  clock,
  secrets,
  lockAfter,
}: GuardsParts): PasswordGuards {
  const lockRule: LimitRule = { limit: lockAfter, windowSeconds: day }
  const familiarKey = (person: string, address: string): string =>
    `familiar-address:${secrets.hash('familiar-address', `${person} ${address}`)}`

  /** Keys of one person, named by region and e-mail, whether there is one or not. */
  const keysOf = (person: string, address: string) => ({
    both: `password:${person}:${address}`,
    user: `password:${person}`,
    failed: `password-failed:${person}`,
    familiar: familiarKey(person, address),
  })
  type Keys = ReturnType<typeof keysOf>

  const personOf = (region: RegionId, email: string): string => `${region}:${normalizedEmail(email)}`

  async function countsOf(persons: readonly Keys[], address: string): Promise<readonly Count[]> {
    const familiar = await store.read(persons.map(({ familiar }) => familiar))
    return [
      ...persons.flatMap(({ both, user }, index): readonly Count[] => [
        [both, perUserAndAddress],
        ...(familiar[index] ? [] : [[user, perUserFromUnfamiliar] as const]),
      ]),
      [`password-from:${address}`, perAddress],
    ]
  }

  return {
    async draw(guess, address) {
      const regions = regionsToTry(guess.region)
      const persons = regions.map((region) => keysOf(personOf(region, guess.email), address))
      const counts = await countsOf(persons, address)
      const retryAfterSeconds = await countAttempt(guards, counts)
      const failed = persons.map(({ failed: key }) => key)
      // A count that is full already counts no further, and has nothing to take back.
      const hits = await Promise.all(
        retryAfterSeconds > 0
          ? []
          : failed.map(async (key) => ({ key, ...(await guards.hit(key, lockRule)) })),
      )
      const taken = [...counts.map(([key]) => key), ...hits.flatMap((hit) => (hit.blocked ? [] : [hit.key]))]
      return {
        retryAfterSeconds,
        async giveBack(user) {
          const { both, user: all, failed: misses } = keysOf(personOf(user.region, user.email), address)
          const own = new Set([both, all, misses])
          const others = taken.filter((key) => !own.has(key))
          await Promise.all([...[...own].map(guards.clear), ...others.map(guards.release)])
        },
        undo: async () => void (await Promise.all(taken.map(guards.release))),
        async regionsToLock() {
          const full = await Promise.all(failed.map((key) => guards.isBlocked(key, lockRule)))
          await Promise.all(failed.filter((_, index) => full[index]).map(guards.clear))
          return regions.filter((_, index) => full[index])
        },
      }
    },

    familiar: (user, address) => ({
      kind: 'put',
      key: familiarKey(personOf(user.region, user.email), address),
      value: '',
      expiresAt: clock.now() + familiarForMs,
      expected: 'any',
    }),
  }
}
