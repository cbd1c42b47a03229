import type { Audit, AuditEvent } from '#audit/audit.ts'
import type { Clock } from '#domain/clock.ts'
import { normalizedEmail, type User } from '#domain/user.ts'
import type { Identity } from '#identity/identity.ts'
import { type OnceRecords, onceRecords } from '#secrets/once-records.ts'
import type { Secrets } from '#secrets/secrets.ts'
import type { Change, Store } from '#store/store.ts'
import type { Arrived } from './arrivals.ts'
import {
  AnswerRefused,
  type Departure,
  type IdentityProvider,
  type Kept,
  type Proof,
  ProviderUnreachable,
} from './identity-provider.ts'
import { refused } from './refused.ts'
import { ruleName } from './rules.ts'
import type { ProviderAnswer, RoundTrip, Sso, SsoProblem, SsoRefused, SsoRule } from './sso.ts'

export interface RoundTripsParts {
  readonly store: Store
  readonly secrets: Secrets
  readonly audit: Audit
  readonly clock: Clock
  readonly identity: Identity
  readonly randomBytes: (size: number) => Buffer
  readonly log: (entry: Readonly<Record<string, string>>) => void
  readonly ruleNamed: (name: string) => SsoRule | undefined
  readonly providerOf: (rule: SsoRule) => Promise<IdentityProvider>
  readonly userOf: (rule: SsoRule, proof: Proof) => Promise<User | { readonly problem: SsoProblem }>
  readonly arrived: OnceRecords<Arrived>
  readonly spans: {
    /** A round trip may take so long, in seconds. */
    readonly interaction: number
  }
}

/** A round trip under way. */
interface Waiting extends RoundTrip {
  readonly rule: string
  readonly kept: Kept
}

const ticketSeconds = 60

/** From our sign-in page to a provider, and back with an answer that is judged once. */
export function roundTripsOf(parts: RoundTripsParts): Pick<Sso, 'begin' | 'finish'> {
  const { secrets, clock, identity, randomBytes, ruleNamed, providerOf, userOf, arrived, spans } = parts
  const waiting = onceRecords<Waiting>(parts, 'sso-state')
  const { refusedFor, note, noteFirst } = notesOf(parts)
  const secret = (): string => randomBytes(32).toString('base64url')
  const inSeconds = (seconds: number): number => clock.now() + seconds * 1000
  const departureOf = (state: string, { email, isFresh }: RoundTrip): Departure => ({ state, email, isFresh })

  const isFrom = (trip: Waiting, { kind, browser }: Pick<ProviderAnswer, 'kind' | 'browser'>): boolean =>
    ruleNamed(trip.rule)?.provider.kind === kind &&
    (trip.browser === browser || (kind === 'saml' && browser === undefined))

  /** As a password that was wrong: a failed sign-in names its user beside the address that was typed. */
  async function typedIn({ email, rule: name }: Waiting): Promise<Who> {
    const actor = secrets.hash('audit-email', normalizedEmail(email))
    const rule = ruleNamed(name)
    const user = rule && (await identity.findByEmail(rule.region, email))
    return { actor, ...(user && { userId: user.id }) }
  }

  async function judge(
    trip: Waiting,
    state: string,
    { parameters, requestId }: Pick<ProviderAnswer, 'parameters' | 'requestId'>,
  ): Promise<SsoRefused | { proof: Proof; user: User }> {
    const rule = ruleNamed(trip.rule)
    if (!rule || rule.mode === 'off') return refused('not-under-way', undefined, trip.back)
    const provider = await providerOf(rule)
    try {
      const proof = await provider.prove(parameters, departureOf(state, trip), trip.kept)
      const user = await userOf(rule, proof)
      return 'problem' in user ? refused(user.problem, rule, trip.back) : { proof, user }
    } catch (error) {
      return refusedFor(error, rule, { back: trip.back, requestId })
    }
  }

  return {
    async begin(rule, trip, requestId) {
      const state = secret()
      try {
        const { location, kept } = await (await providerOf(rule)).depart(departureOf(state, trip))
        await waiting.keep(state, { ...trip, rule: ruleName(rule), kept }, inSeconds(spans.interaction))
        return location
      } catch (error) {
        return refusedFor(error, rule, { back: trip.back, requestId })
      }
    },

    async finish({ kind, state, parameters, browser, address, requestId }) {
      const found = await waiting.find(state)
      // Anybody can make up a state: what was never begun is not written down.
      if (!found) return refused('not-under-way')
      // Another browser learns nothing and uses nothing up, and neither does the answer of another protocol.
      const isOwn = found !== 'used' && isFrom(found.content, { kind, browser })
      if (!isOwn || !(await found.take()))
        return noteFirst(refused('not-under-way'), { actor: address, address }, state)
      const trip = found.content
      const outcome = await judge(trip, state, { parameters, requestId })
      if ('problem' in outcome) return note(outcome, { ...(await typedIn(trip)), address })
      const { boundTo, back, rule } = trip
      const { methods, logoutHint } = outcome.proof
      const ticket = secret()
      const content = {
        browser: trip.browser,
        boundTo,
        back,
        rule,
        userId: outcome.user.id,
        generation: outcome.user.sessionGeneration ?? 0,
        methods,
        logoutHint,
      }
      await arrived.keep(ticket, content, inSeconds(ticketSeconds))
      return { kind: 'ticket', back, ticket }
    },
  }
}

/** A digest of the address that was typed with the user who has it, or an address of the network. */
type Who = Pick<AuditEvent, 'actor' | 'userId' | 'address'>

interface Notes {
  /** What a provider did wrong is for the log; people learn what they can do. @throws what no provider did */
  refusedFor(error: unknown, rule: SsoRule, at: { back: string; requestId: string }): SsoRefused
  /** Keeps the refusal in the audit trail. */
  note(refusal: SsoRefused, who: Who): Promise<SsoRefused>
  /** The first one of a round trip alone: whoever has one may send its answer without end, and is not to fill the trail by that. */
  noteFirst(refusal: SsoRefused, who: Who, state: string): Promise<SsoRefused>
}

function notesOf({ store, secrets, clock, audit, log, spans }: RoundTripsParts): Notes {
  async function note(refusal: SsoRefused, who: Who, also: readonly Change[] = []): Promise<SsoRefused> {
    const { problem, provider } = refusal
    const detail = `single sign-on, ${problem}${provider === undefined ? '' : `, ${provider}`}`
    await store.commit([audit.entry({ event: 'sign-in-refused', ...who, detail }), ...also])
    return refusal
  }

  return {
    refusedFor(error, rule, { back, requestId: request }) {
      const isTheirs = error instanceof ProviderUnreachable || error instanceof AnswerRefused
      if (!isTheirs) throw error
      log({ event: 'sso-refused', request, provider: rule.name, error: error.message.slice(0, 500) })
      return refused(error instanceof AnswerRefused ? error.problem : 'unreachable', rule, back)
    },
    note: (refusal, who) => note(refusal, who),
    noteFirst(refusal, who, state) {
      const key = `sso-state-refused:${secrets.hash('sso-state-refused', state)}`
      // The round trip began before, and is over before.
      const expiresAt = clock.now() + spans.interaction * 1000
      return note(refusal, who, [{ kind: 'put', key, value: '', expiresAt, expected: 'absent' }])
    },
  }
}
