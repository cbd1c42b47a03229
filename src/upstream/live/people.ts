import { refuse } from '#domain/refusal.ts'
import { normalizedEmail, type User } from '#domain/user.ts'
import type { Directory } from '#identity/directory.ts'
import type { Identity } from '#identity/identity.ts'
import type { NewPerson, UpstreamPeople } from '#upstream/people.ts'

export interface LivePeopleParts {
  readonly directory: Pick<Directory, 'enrol'>
  readonly identity: Pick<Identity, 'findByEmail'>
  readonly randomBytes: (size: number) => Buffer
}

/** Both ways to sign in: which of them ThousandEyes would allow is not known here, and `sso` of the configuration decides. */
const signIns: ReadonlySet<string> = new Set([
  'Login via ThousandEyes login page',
  'Login via Single Sign-On',
])

/** Fifteen digits, which none of ThousandEyes' own has; 48 random bits, so that two nodes never make the same. */
const newUid = (randomBytes: LivePeopleParts['randomBytes']): string =>
  String(100_000_000_000_000 + randomBytes(6).readUIntBE(0, 6))

/**
 * The people of a broker: users of ours alone. What they may do at ThousandEyes is known by the credential that they link, so
 * there are neither roles nor account groups to give here.
 */
export function livePeople({ directory, identity, randomBytes }: LivePeopleParts): UpstreamPeople {
  async function enrol({ region, organizationId, email, name, password }: NewPerson): Promise<User> {
    return directory.enrol({
      ...{ region, email, name, organizationId, organizationName: organizationId },
      uid: newUid(randomBytes),
      ...(password === undefined ? {} : { password }),
    })
  }
  return {
    givesRoles: false,
    permissionsOf: () => Promise.resolve(signIns),
    permittedOperations: () => Promise.resolve(undefined),
    async add(person) {
      const [given] = person.roles
      if (given)
        return refuse(
          'unknown_role',
          `found the role ${given.role}; roles and account groups are given at ThousandEyes, leave both out`,
        )
      const taken = await identity.findByEmail(person.region, normalizedEmail(person.email))
      return taken ? refuse('email_taken', 'a user with this e-mail address exists already') : enrol(person)
    },
  }
}
