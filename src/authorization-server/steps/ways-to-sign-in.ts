import type { RegionChoice } from '#domain/region.ts'
import type { User } from '#domain/user.ts'
import type { SsoRule } from '#sso/sso.ts'
import type { AuthorizationServerParts } from '../parts.ts'

/** What was typed on the first page. */
export interface Typed {
  readonly region: RegionChoice
  readonly email: string
}

/** What comes next depends on domain, region and organization alone, so that nobody learns who exists (security-cases E15). */
export interface WaysToSignIn {
  /** The rule by which the person goes to a provider. @param isChosen whether the person would rather do that */
  elsewhere(typed: Typed, isChosen: boolean): SsoRule | undefined
  /** Whether the page that asks for a password offers the provider too. */
  offersSso(typed: Typed): boolean
  /** Whether the right password may sign this user in (thousandeyes-facts 4). */
  mayUsePassword(typed: Typed, user: User): Promise<boolean>
}

/** The permission by its label. */
const permission = 'Login via ThousandEyes login page'

/** By password, by the organization's provider, or as the person likes. */
export function waysToSignIn({
  sso,
  people,
}: Pick<AuthorizationServerParts, 'sso' | 'people'>): WaysToSignIn {
  const modeFor = (region: RegionChoice, email: string): SsoRule['mode'] =>
    sso.ruleFor(region, email)?.mode ?? 'off'
  return {
    elsewhere({ region, email }, isChosen) {
      const mode = modeFor(region, email)
      return mode === 'forced' || (mode === 'optional' && isChosen) ? sso.ruleFor(region, email) : undefined
    },
    offersSso: ({ region, email }) => modeFor(region, email) === 'optional',
    async mayUsePassword({ region, email }, user) {
      if (modeFor(region, email) === 'forced' || modeFor(user.region, user.email) === 'forced') return false
      return (await people.permissionsOf(user.id)).has(permission)
    },
  }
}
