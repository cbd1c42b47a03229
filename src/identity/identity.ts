/**
 * Identity: who the person is. The port that sign-in, confirm page and gateway read; directory.ts is the port of those who change
 * it, local.ts the directory of our own. Owns users and their proofs (passwords, User API Tokens). Knows nothing of clients,
 * grants or pages.
 */
import type { Awaitable } from '#domain/awaitable.ts'
import type { RegionChoice, RegionId } from '#domain/region.ts'
import type { User, UserId } from '#domain/user.ts'
import type { Freshness } from '#store/store.ts'

export interface Identity {
  /** @param freshness `exact` when left out @returns the user, disabled, locked or not; undefined when there is none */
  find(id: UserId, freshness?: Freshness): Awaitable<User | undefined>
  /** @returns the user of the address in that region, disabled, locked or not */
  findByEmail(region: RegionId, email: string): Promise<User | undefined>
  /**
   * Checks e-mail and password in the region, or with `default` in US1 first and then the others; a success in a later region
   * is no failed attempt in an earlier one. Takes the same time whether the user exists or not.
   * @returns the user, or undefined for any reason whatever (wrong, unknown, disabled, no password). A user who `needsNewPassword`
   *   is returned too: the caller signs nobody in before `setPassword`
   */
  authenticate(attempt: {
    readonly choice: RegionChoice
    readonly email: string
    readonly password: string
  }): Promise<User | undefined>
  /**
   * Locks a user after failed sign-ins, until a new password is set: tokens open nothing meanwhile. Whoever has no password, or
   * opens nothing anyway, stays as they are.
   */
  lock(id: UserId): Promise<void>
}
