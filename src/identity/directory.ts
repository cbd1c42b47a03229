/** Port: the directory as those see it who add, change and remove users. Adapter: local.ts. */
import type { User, UserId } from '#domain/user.ts'

export interface NewUser
  extends Pick<User, 'region' | 'uid' | 'email' | 'name' | 'organizationId' | 'organizationName'> {
  /** Left out for a user who cannot sign in with a password. */
  readonly password?: string
}

export type PasswordStanding = 'kept' | 'expired' | { readonly keptAt: number }

export interface Directory {
  /** Creates the user or replaces one of the same region and uid. @throws when the e-mail is another user's of that region */
  enrol(user: NewUser): Promise<User>
  /**
   * Changes what is given, keeps the rest. A disabled user's tokens open nothing from then on, and the sessions end.
   * @throws when the e-mail is another user's of that region
   */
  update(
    id: UserId,
    change: Partial<Pick<User, 'email' | 'name' | 'disabled' | 'locked'>>,
  ): Promise<User | undefined>
  /**
   * Gives the user a password, ends all sessions and lifts a lock, in one commit.
   * @param standing `expired` when whoever sets it is not the user: the next sign-in asks for another; `keptAt` the user's count of
   *   ended sessions, when under another one by now nothing is to be changed
   */
  setPassword(id: UserId, password: string, standing: PasswordStanding): Promise<User | undefined>
  /** Ends all browser sessions of the user, as after a change of roles (thousandeyes-facts 4). */
  endSessions(id: UserId): Promise<User | undefined>
  /** Removes the user with the password; tokens of any kind open nothing from then on. */
  remove(id: UserId): Promise<void>
}
