/**
 * Identity: who the person is. The port that sign-in, confirm page and gateway read; local.ts is the directory of our own.
 * Owns users and their proofs (passwords, User API Tokens). Knows nothing of clients, grants or pages.
 */
import type { RegionChoice, RegionId } from '#domain/region.ts'
import type { User, UserId } from '#domain/user.ts'

export interface NewUser {
  readonly region: RegionId
  readonly uid: string
  readonly email: string
  readonly name: string
  readonly organizationId: string
  readonly organizationName: string
  /** Left out for a user who cannot sign in with a password. */
  readonly password?: string
}

export interface Identity {
  /** @returns the user, disabled, locked or not; undefined when there is none */
  find(id: UserId): Promise<User | undefined>
  /**
   * Checks e-mail and password in the region, or with `default` in US1 first and then the others; a success in a later region
   * is no failed attempt in an earlier one. Takes the same time whether the user exists or not.
   * @returns the user, or undefined for any reason whatever (wrong, unknown, disabled, locked, no password)
   */
  authenticate(attempt: {
    readonly choice: RegionChoice
    readonly email: string
    readonly password: string
  }): Promise<User | undefined>
  /** Creates the user or replaces one of the same region and uid. @throws when the e-mail is another user's of that region */
  enrol(user: NewUser): Promise<User>
  /**
   * Changes what is given, keeps the rest. A disabled user's tokens open nothing from then on.
   * @throws when the e-mail is another user's of that region
   */
  update(
    id: UserId,
    change: Partial<Pick<User, 'email' | 'name' | 'disabled' | 'locked'>>,
  ): Promise<User | undefined>
  /** Removes the user with the password; tokens of any kind open nothing from then on. */
  remove(id: UserId): Promise<void>
}
