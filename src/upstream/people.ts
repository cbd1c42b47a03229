/** Port: the people of an organization as the upstream knows them. Adapters: emulator/people.ts, live/people.ts. */
import type { Refusal } from '#domain/refusal.ts'
import type { RegionId } from '#domain/region.ts'
import type { User, UserId } from '#domain/user.ts'

/** A role by its name, in an account group by its id. */
export interface GivenRole {
  readonly accountGroup: string
  readonly role: string
}

export interface NewPerson {
  readonly region: RegionId
  readonly organizationId: string
  readonly email: string
  readonly name: string
  /** At least one where roles are given; the first account group is where the person's calls go without `aid`. */
  readonly roles: readonly GivenRole[]
  /** Left out for somebody who cannot sign in with a password. */
  readonly password?: string
}

export type PersonRefusal = Refusal<
  'unknown_organization' | 'unknown_account_group' | 'unknown_role' | 'email_taken'
>

export interface UpstreamPeople {
  /** Whether roles are given here; else the upstream knows them by itself, and a new person comes without. */
  readonly givesRoles: boolean
  /** The labels of the permissions that the user's roles give in any account group; none for a user unknown to the upstream. */
  permissionsOf(userId: UserId): Promise<ReadonlySet<string>>
  /** Ids of the operations that the user's roles allow in any account group; undefined where the upstream does not tell. */
  permittedOperations(userId: UserId): Promise<ReadonlySet<string> | undefined>
  /**
   * Adds a person to v7 and to the directory, both before it resolves.
   * @returns the user, or what was named that does not exist @throws when the upstream cannot answer
   */
  add(person: NewPerson): Promise<User | PersonRefusal>
}
