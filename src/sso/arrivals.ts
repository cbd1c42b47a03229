import type { Audit } from '#audit/audit.ts'
import type { Clock } from '#domain/clock.ts'
import { isActive, type User } from '#domain/user.ts'
import type { Identity } from '#identity/identity.ts'
import type { OnceRecords } from '#secrets/once-records.ts'
import type { IdentityProvider } from './identity-provider.ts'
import { refused } from './refused.ts'
import type { RoundTrip, Sso, SsoRule } from './sso.ts'

/** What a ticket stands for. */
export interface Arrived extends Pick<RoundTrip, 'browser' | 'boundTo' | 'back'> {
  readonly rule: string
  readonly userId: User['id']
  /** The user's count of ended sessions when the answer was judged: what ended them since then ends this sign-in too. */
  readonly generation: number
  readonly methods: readonly string[]
  readonly logoutHint: string
}

/** By what a browser signed in last. */
export type BegunSession = Pick<Arrived, 'rule' | 'logoutHint'>

export interface ArrivalsParts {
  readonly clock: Clock
  readonly audit: Audit
  readonly identity: Identity
  readonly ruleNamed: (name: string) => SsoRule | undefined
  readonly providerOf: (rule: SsoRule) => Promise<IdentityProvider>
  readonly arrived: OnceRecords<Arrived>
  readonly begun: OnceRecords<BegunSession>
  readonly spans: { readonly sessionAbsolute: number }
}

/** The end of a round trip, and what is remembered of it for the end of the session. */
export function arrivalsOf(parts: ArrivalsParts): Pick<Sso, 'collect' | 'logoutOf'> {
  const { clock, audit, identity, ruleNamed, providerOf, arrived, begun, spans } = parts

  /** The user of the ticket, in the browser and at the place that it was made for. */
  async function userAt(ticket: Arrived, { browser, boundTo }: Pick<RoundTrip, 'browser' | 'boundTo'>) {
    const isOwn = ticket.browser === browser && ticket.boundTo === boundTo
    return isOwn && ruleNamed(ticket.rule) ? identity.find(ticket.userId) : undefined
  }

  return {
    async collect(ticket, at) {
      const found = await arrived.find(ticket)
      if (!found || found === 'used') return refused('not-under-way')
      const { rule: name, back, logoutHint, methods } = found.content
      const rule = ruleNamed(name)
      const user = await userAt(found.content, at)
      if (!user) return refused('not-under-way')
      if (!isActive(user)) return refused('user-inactive', rule, back)
      if ((user.sessionGeneration ?? 0) !== found.content.generation)
        return refused('not-under-way', rule, back)
      const detail = `${user.region}, ${rule?.name}`
      const entry = audit.entry({ event: 'sign-in', actor: user.id, detail, address: at.address })
      if (!(await found.take([entry]))) return refused('not-under-way', rule, back)
      await begun.keep(at.browser, { rule: name, logoutHint }, clock.now() + spans.sessionAbsolute * 1000)
      return { kind: 'signed-in', user, methods }
    },

    async logoutOf(browser) {
      const found = await begun.find(browser)
      if (!found || found === 'used') return undefined
      const rule = ruleNamed(found.content.rule)
      const location = rule && (await (await providerOf(rule)).logout(found.content.logoutHint))
      return location && { provider: rule.name, location }
    },
  }
}
