/** The capabilities of a composition: those that every one has, over one store, and the backend that makes one differ from another. */
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import type { Audit, AuditTrail } from '#audit/audit.ts'
import { storeAudit, storeAuditTrail } from '#audit/store-audit.ts'
import type { AccountLinks, LinkedAccounts } from '#broker/account-links.ts'
import type { Broker } from '#broker/broker.ts'
import type { KeyWork } from '#broker/key-work.ts'
import type { Clock } from '#domain/clock.ts'
import { apiTokensClientId, type ResourceServer } from '#domain/integration.ts'
import type { RegionId } from '#domain/region.ts'
import type { ApiTokens } from '#grants/api-tokens.ts'
import type { Grants } from '#grants/grants.ts'
import { storedApiTokens } from '#grants/stored-api-tokens.ts'
import { openGrants } from '#grants/stored-grants.ts'
import { clientAddress } from '#http/client-address.ts'
import type { Views } from '#http/page.ts'
import type { Directory } from '#identity/directory.ts'
import type { Identity } from '#identity/identity.ts'
import { localDirectory, localIdentity } from '#identity/local.ts'
import { passwordCosts, scryptPasswords } from '#identity/password.ts'
import { heldUserApiTokens, storedUserApiTokens } from '#identity/stored-user-api-tokens.ts'
import { userApiTokenRecords } from '#identity/user-api-token-records.ts'
import type { HeldUserApiTokens, UserApiTokens } from '#identity/user-api-tokens.ts'
import { userRecords } from '#identity/user-records.ts'
import { parseIntegrations } from '#integrations/configured-integrations.ts'
import { type AdjustableIntegrations, storeIntegrations } from '#integrations/store-integrations.ts'
import { type AdjustableLimits, openLimits } from '#limits/store-limits.ts'
import type { Mail, Outbox } from '#mail/mail.ts'
import { storedOutbox } from '#mail/outbox.ts'
import type { Metrics, OpenMetrics, Watch } from '#metrics/metrics.ts'
import { type KeyMaterial, type Secrets, secretsFrom } from '#secrets/secrets.ts'
import { openSso } from '#sso/open-sso.ts'
import type { Sso } from '#sso/sso.ts'
import { afterOnMachine } from '#store/purging.ts'
import type { CheckpointFile } from '#store/sqlite-checkpoint.ts'
import type { Store } from '#store/store.ts'
import type { UpstreamPeople } from '#upstream/people.ts'
import type { KnownScopeWord } from '#upstream/scope-rules.ts'
import type { Upstream } from '#upstream/upstream.ts'
import type { CommonFacts } from './compose-facts.ts'
import { checkpointGauge } from './compose-gauges.ts'
import { hostRule } from './listener.ts'
import type { CommonSettings } from './settings.ts'

/** What the machine gives: time, chance, the network, a way to log. Tests give their own (DECISIONS 12). */
export interface Surroundings {
  readonly clock: Clock
  /** The clock that oidc-provider reads by itself. */
  readonly engineNow: () => number
  readonly randomBytes: (size: number) => Buffer
  readonly newUuid: () => string
  /** To identity providers alone. */
  readonly fetch: (url: string, options: RequestInit) => Promise<Response>
  readonly log: (entry: object) => void
}

/** What a composition stands on. */
export interface Ground {
  readonly settings: CommonSettings
  /** The canonical origin, known once the port is bound. */
  readonly origin: URL
  readonly surroundings: Surroundings
  readonly facts: CommonFacts
  readonly material: KeyMaterial
  readonly store: Store
  /** Whether other nodes have the store too. */
  readonly isShared: boolean
  /** Of a store that has one. */
  readonly checkpoint?: CheckpointFile | undefined
  readonly openMetrics: OpenMetrics
  /** Behind the names of cookies, where several of us share a host: cookies do not know ports (RFC 6265 §8.5). Else empty. */
  readonly cookieSuffix: string
}

/** What a backend is built on. */
export interface Foundation {
  readonly secrets: Secrets
  readonly store: Store
  readonly audit: Audit
  readonly trail: AuditTrail
  readonly identity: Identity
  readonly directory: Directory
  readonly userApiTokens: UserApiTokens & HeldUserApiTokens
  /** Tells whoever reads the figures of one more. */
  readonly gauge: Watch['gauge']
}

/** Where users link an account of theirs. */
export interface Linking {
  readonly links: AccountLinks
  readonly accounts: LinkedAccounts
  readonly keyWork: KeyWork
  /** What pages offer people: of what a link reaches, that which its user chose. */
  readonly offered: Upstream
}

/** What stands behind the gateway: each composition has its own. */
export interface Backend {
  readonly broker: Broker
  readonly upstream: Upstream
  readonly people: UpstreamPeople
  /** What the upstream of each region writes into its links. */
  readonly upstreamOrigins: Readonly<Record<RegionId, string>>
  /** How long the gateway believes the account groups that the upstream lists for a user. */
  readonly accountGroupSeconds: number
  /** Where users link an account of theirs; left out where nothing has to be linked. */
  readonly linking?: Linking | undefined
  /** The upstream's account groups of a user, where they are known without a call to anybody. */
  readonly knownAccountGroups?: Upstream['accountGroups']
  /** Those of them that a grant could get; left out for all. */
  readonly grantableAccountGroups?: Upstream['accountGroups']
  /** Lets go of what it holds; no request may be under way. */
  close(): Promise<void>
}

/** Everything behind a port, over one store. */
export interface Capabilities extends Foundation, Omit<Backend, 'close'> {
  readonly scopes: readonly KnownScopeWord[]
  readonly resourceServers: readonly ResourceServer[]
  readonly integrations: AdjustableIntegrations
  readonly grants: Grants
  readonly apiTokens: ApiTokens
  readonly limits: AdjustableLimits
  readonly metrics: Metrics
  readonly mail: Mail & Outbox
  readonly sso: Sso
  readonly views: Views
  readonly addressOf: (request: IncomingMessage) => string
  readonly allowsHost: (host: string) => boolean
}

export type FoundationParts = Pick<Ground, 'surroundings' | 'material' | 'store'> & {
  readonly settings: Pick<CommonSettings, 'signIn'>
}

/** @param watch counts what becomes of store and audit; left out where nobody wants to know */
export function openFoundation(
  { settings, surroundings, material, store: given }: FoundationParts,
  watch?: Pick<Watch, 'audit' | 'store' | 'gauge'>,
): Foundation {
  const { clock, randomBytes, newUuid: newToken } = surroundings
  const secrets = secretsFrom(material, randomBytes)
  const made = storeAudit(clock, randomBytes)
  const store = watch?.store(given) ?? given
  const audit = watch?.audit(made) ?? made
  const people = {
    records: userRecords(store, secrets),
    passwords: scryptPasswords(passwordCosts[settings.signIn.passwordCost], randomBytes),
    audit,
  }
  const tokens = {
    store,
    records: userApiTokenRecords(store, secrets, clock),
    clock,
    audit,
    newToken,
  }
  return {
    secrets,
    store,
    audit,
    gauge: watch?.gauge ?? (() => undefined),
    trail: storeAuditTrail(store, clock),
    identity: localIdentity(people),
    directory: localDirectory(people),
    userApiTokens: { ...storedUserApiTokens(tokens), ...heldUserApiTokens(tokens) },
  }
}

/**
 * Over a store that holds what it begins with, or is away: then it is asked when a request needs it.
 * @param openBackend opens what stands behind the gateway
 * @throws with one line for a person when the integrations file cannot be used
 */
export async function openCapabilities<Own extends Backend>(
  ground: Ground,
  openBackend: (foundation: Foundation) => Promise<Own>,
): Promise<Capabilities & Own> {
  const { settings, origin, surroundings, facts } = ground
  const { clock, randomBytes, newUuid, log } = surroundings
  const allScopes = facts.scopes.map(({ name }) => name)
  const configured = parseIntegrations(readFileSync(settings.integrations, 'utf8'), {
    name: settings.integrations,
    origin: origin.origin,
    knownScopes: allScopes,
    operations: facts.operations,
  })
  const metrics = ground.openMetrics({
    integrations: [...configured.integrations.map(({ clientId }) => clientId), apiTokensClientId],
  })
  if (ground.checkpoint) metrics.watch.gauge(checkpointGauge(ground.checkpoint))
  const foundation = openFoundation(ground, metrics.watch)
  const { secrets, audit, store, identity } = foundation
  const backend = await openBackend(foundation)
  const { people } = backend
  const grants = openGrants({ store, secrets, clock, audit })
  const { spans, sso: rules } = settings
  return {
    ...foundation,
    ...backend,
    resourceServers: configured.resourceServers,
    scopes: facts.scopes,
    integrations: storeIntegrations({ ...configured, allScopes, store, secrets }),
    grants,
    apiTokens: storedApiTokens({
      ...{ store, secrets, clock, audit, grants, randomBytes },
      mostPerUser: configured.apiTokens?.mostPerUser ?? 0,
    }),
    limits: metrics.watch.limits(
      openLimits({
        ...{ store, clock, enforced: settings.limits === 'on' },
        among: ground.isShared ? { node: newUuid(), after: afterOnMachine, log } : undefined,
      }),
    ),
    metrics,
    mail: storedOutbox({ store, secrets, clock, randomBytes }),
    sso: openSso({ ...surroundings, origin, rules, spans, store, secrets, audit, identity, people }),
    views: facts.views,
    addressOf: clientAddress(settings.trustedProxies),
    allowsHost: hostRule(origin, settings.allowedHosts),
  }
}
