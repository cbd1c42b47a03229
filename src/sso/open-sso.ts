import type { Identity } from '#identity/identity.ts'
import { onceRecords } from '#secrets/once-records.ts'
import type { Store } from '#store/store.ts'
import { type Arrived, arrivalsOf, type BegunSession } from './arrivals.ts'
import { providersOf } from './providers.ts'
import { type RoundTripsParts, roundTripsOf } from './round-trips.ts'
import { ruleLookup, ruleName, rulesAt } from './rules.ts'
import type { Sso, SsoRule } from './sso.ts'
import { storedSubjects } from './subjects.ts'
import { type UsersParts, usersOf } from './users.ts'

export interface SsoParts
  extends Omit<RoundTripsParts, 'ruleNamed' | 'providerOf' | 'userOf' | 'arrived'>,
    Omit<UsersParts, 'subjects'> {
  readonly rules: readonly SsoRule[]
  /** Our own canonical origin. */
  readonly origin: URL
  readonly store: Store
  readonly identity: Identity
  readonly fetch: (url: string, options: RequestInit) => Promise<Response>
  /** The machine's clock, epoch ms: what the protocol's libraries go by. */
  readonly engineNow: () => number
  readonly spans: RoundTripsParts['spans'] & {
    readonly sessionAbsolute: number
    /** The longest wait for one answer of a provider. */
    readonly identityProvider: number
  }
}

/** Single sign-on by the rules given. A provider is asked for the first time when somebody wants to sign in by it. */
export function openSso(parts: SsoParts): Sso {
  const rules = rulesAt(parts.origin, parts.rules)
  const byName = new Map(rules.map((rule) => [ruleName(rule), rule]))
  const shared = {
    ...parts,
    ruleNamed: (name: string) => byName.get(name),
    providerOf: providersOf(parts),
    arrived: onceRecords<Arrived>(parts, 'sso-ticket'),
    begun: onceRecords<BegunSession>(parts, 'sso-session'),
    userOf: usersOf({ ...parts, subjects: storedSubjects(parts) }),
  }
  return { ruleFor: ruleLookup(rules), ...roundTripsOf(shared), ...arrivalsOf(shared) }
}
