import type { Audit } from '#audit/audit.ts'
import { isRefusal } from '#domain/refusal.ts'
import { isActive, normalizedEmail, type User } from '#domain/user.ts'
import type { Identity } from '#identity/identity.ts'
import type { Store } from '#store/store.ts'
import type { UpstreamPeople } from '#upstream/people.ts'
import type { Proof } from './identity-provider.ts'
import { domainOf } from './rules.ts'
import type { SsoProblem, SsoRule } from './sso.ts'
import type { Subjects } from './subjects.ts'

export interface UsersParts {
  readonly identity: Identity
  readonly people: UpstreamPeople
  readonly subjects: Subjects
  readonly store: Store
  readonly audit: Audit
  readonly log: (entry: Readonly<Record<string, string>>) => void
}

/** The permission that a sign-in by a provider needs, by its label (thousandeyes-facts 4). */
const permission = 'Login via Single Sign-On'

/** Whether a claim says the value: alone, or in a list. Objects and lists within the list say nothing. */
const says = (claim: unknown, value: string): boolean =>
  (Array.isArray(claim) ? claim : [claim]).some(
    (one) => ['string', 'number', 'boolean'].includes(typeof one) && String(one) === value,
  )

function addressIn(
  { domains }: SsoRule,
  { email, isEmailVerified }: Proof,
): string | { problem: SsoProblem } {
  if (email === undefined || !/^[^\s@\p{C}]+@[^\s@\p{C}]+$/u.test(email) || email.length > 254)
    return { problem: 'email-missing' }
  if (isEmailVerified === false) return { problem: 'email-unverified' }
  return domains.includes(domainOf(email)) ? normalizedEmail(email) : { problem: 'email-elsewhere' }
}

/** @returns which of our users the proof is about, or why it is none */
export function usersOf(
  parts: UsersParts,
): (rule: SsoRule, proof: Proof) => Promise<User | { problem: SsoProblem }> {
  const { identity, people, subjects, store, audit, log } = parts

  /** The user whom the subject became on its first sign-in, whatever its address is now. */
  async function knownUser(rule: SsoRule, proof: Proof): Promise<User | undefined> {
    const id = await subjects.find(rule, proof)
    const user = id && (await identity.find(id))
    if (id && !user) await subjects.forget(rule, proof)
    return user
  }

  /** Only where a rule of the configuration fits: nobody is created by default. */
  async function created(rule: SsoRule, proof: Proof, email: string): Promise<User | undefined> {
    const fitting = rule.create.filter(({ claim, value }) => says(proof.claims[claim], value))
    if (fitting.length === 0) return undefined
    const { region, organization } = rule
    const added = await people.add({
      ...{ region, organizationId: organization, email },
      name:
        (proof.name ?? '')
          .replace(/[\p{Cc}\s]+/gu, ' ')
          .trim()
          .slice(0, 200) || email,
      roles: fitting.flatMap(({ roles }) => roles),
    })
    if (isRefusal(added)) {
      log({ event: 'sso-user-not-created', provider: rule.name, error: added.description })
      // A twin of this sign-in may have been faster.
      return added.code === 'email_taken' ? identity.findByEmail(region, email) : undefined
    }
    const detail = fitting.map(({ claim, value }) => `${claim} ${value}`).join(', ')
    await store.commit([
      audit.entry({ event: 'user-created', actor: proof.issuer, userId: added.id, detail }),
    ])
    return added
  }

  async function refusalOf(rule: SsoRule, user: User): Promise<SsoProblem | undefined> {
    if (user.organizationId !== rule.organization) return 'no-user'
    // A lock too: whoever guessed at the local password is no reason to let a stolen session at the provider in.
    if (!isActive(user)) return 'user-inactive'
    return (await people.permissionsOf(user.id)).has(permission) ? undefined : 'not-permitted'
  }

  return async (rule, proof) => {
    // Asked every time: a rule speaks for its domains alone, also where the subject is known.
    const email = addressIn(rule, proof)
    if (typeof email !== 'string') return email
    const known = await knownUser(rule, proof)
    const user =
      known ?? (await identity.findByEmail(rule.region, email)) ?? (await created(rule, proof, email))
    if (!user) return { problem: 'no-user' }
    const problem = await refusalOf(rule, user)
    if (problem) return { problem }
    if (known || (await subjects.remember(rule, proof, user.id))) return user
    return { problem: 'another-user' }
  }
}
