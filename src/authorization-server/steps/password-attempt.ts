import { limitedTo } from '#domain/limited-to.ts'
import { regionsToTry } from '#domain/region.ts'
import { normalizedEmail, type User } from '#domain/user.ts'
import type { AuthorizationServerParts } from '../parts.ts'
import type { DrawnAttempt, Guess, PasswordGuards } from './password-guards.ts'
import type { WaysToSignIn } from './ways-to-sign-in.ts'

export type PasswordVerdict =
  /** Nobody looked at the password. */
  | { readonly kind: 'too-many'; readonly retryAfterSeconds: number }
  /** For any reason whatever. */
  | { readonly kind: 'wrong' }
  /** The user may still have to choose a new password: see `needsNewPassword`. */
  | { readonly kind: 'right'; readonly user: User }

/** One attempt at a password, counted before it is made. @throws when the store cannot answer, or too many passwords wait */
export type PasswordAttempt = (guess: Guess, password: string, address: string) => Promise<PasswordVerdict>

/**
 * Two passwords are hashed at a time, so more than a few attempts under way would only stand in each other's counts: two hundred
 * right ones at once are answered one after the other, and none is refused because of the rest.
 */
const underWay = { atOnce: 4, waitingAtMost: 256 }

export function passwordAttempt(
  {
    identity,
    secrets,
    audit,
    store,
  }: Pick<AuthorizationServerParts, 'identity' | 'secrets' | 'audit' | 'store'>,
  guards: PasswordGuards,
  ways: Pick<WaysToSignIn, 'mayUsePassword'>,
): PasswordAttempt {
  /** A lock is lifted by the right password: whoever signs in by none could not lift it, and strangers would lock them out for good. */
  async function lock(user: User): Promise<void> {
    if (await ways.mayUsePassword(user, user)) await identity.lock(user.id)
  }

  /**
   * Keeps that the password was wrong, and locks who had too many of them. Users who do not exist cost the same reads; what is
   * written beside the audit entries is written at the same time (security-cases E15).
   */
  async function noteFailure({ region, email }: Guess, drawn: DrawnAttempt, address: string): Promise<void> {
    const found = await Promise.all(regionsToTry(region).map((one) => identity.findByEmail(one, email)))
    const users = found.filter((user) => user !== undefined)
    const due = await drawn.regionsToLock()
    const refused = {
      event: 'sign-in-refused',
      actor: secrets.hash('audit-email', normalizedEmail(email)),
      detail: region,
      address,
    } as const
    const entries =
      users.length === 0
        ? [audit.entry(refused)]
        : users.map(({ id }) => audit.entry({ ...refused, userId: id }))
    await Promise.all([store.commit(entries), ...users.filter((user) => due.includes(user.region)).map(lock)])
  }

  async function check(guess: Guess, password: string, drawn: DrawnAttempt): Promise<User | undefined> {
    try {
      const user = await identity.authenticate({ choice: guess.region, email: guess.email, password })
      return user && (await ways.mayUsePassword(guess, user)) ? user : undefined
    } catch (failure) {
      await drawn.undo()
      throw failure
    }
  }

  async function attempt(guess: Guess, password: string, address: string): Promise<PasswordVerdict> {
    const drawn = await guards.draw(guess, address)
    const { retryAfterSeconds } = drawn
    if (retryAfterSeconds > 0) return { kind: 'too-many', retryAfterSeconds }
    const user = await check(guess, password, drawn)
    if (!user) {
      await noteFailure(guess, drawn, address)
      return { kind: 'wrong' }
    }
    await drawn.giveBack(user)
    return { kind: 'right', user }
  }

  const inTurn = limitedTo(underWay)
  return (guess, password, address) => inTurn(() => attempt(guess, password, address))
}
