import { type RegionChoice, regionsToTry } from '#domain/region.ts'
import { normalizedEmail } from '#domain/user.ts'
import type { SsoRule } from './sso.ts'

/** The domain of an address in the form of rules, which is that in which users are looked up. */
export function domainOf(email: string): string {
  const address = normalizedEmail(email)
  return address.slice(address.lastIndexOf('@') + 1)
}

/** @returns the rule for an address: with Default that of the first region that has one, whether it is in force or off */
export function ruleLookup(
  rules: readonly SsoRule[],
): (choice: RegionChoice, email: string) => SsoRule | undefined {
  const byPlace = new Map(
    rules.flatMap((rule) => rule.domains.map((domain) => [`${rule.region} ${domain}`, rule] as const)),
  )
  return (choice, email) =>
    regionsToTry(choice)
      .map((region) => byPlace.get(`${region} ${domainOf(email)}`))
      .find((rule) => rule !== undefined)
}

/** What a record calls a rule by: it is still the same rule only with the same provider. */
export const ruleName = ({ region, organization, domains, provider }: SsoRule): string => {
  const ours = provider.kind === 'openid' ? provider.clientId : provider.entryPoint
  return [region, organization, domains.join(','), provider.kind, provider.issuer, ours].join(' ')
}

/** Our own origin is known once the port is bound. */
export const rulesAt = (origin: URL, rules: readonly SsoRule[]): readonly SsoRule[] =>
  rules.map(({ provider, ...rule }) => ({
    ...rule,
    provider: { ...provider, issuer: provider.issuer.replace('{origin}', origin.origin) },
  }))
