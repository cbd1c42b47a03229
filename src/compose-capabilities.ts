import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import type { Audit, AuditTrail } from '#audit/audit.ts'
import { storeAudit, storeAuditTrail } from '#audit/store-audit.ts'
import type { Broker } from '#broker/broker.ts'
import { ownStanding } from '#broker/own-standing.ts'
import type { Clock } from '#domain/clock.ts'
import type { ResourceServer } from '#domain/integration.ts'
import type { Grants } from '#grants/grants.ts'
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
import { type KeyMaterial, type Secrets, secretsFrom } from '#secrets/secrets.ts'
import { openSso } from '#sso/open-sso.ts'
import type { Sso } from '#sso/sso.ts'
import type { StoreImage } from '#store/images.ts'
import { openStore } from '#store/open-store.ts'
import type { Store } from '#store/store.ts'
import { type EmbeddedUpstream, openEmulator, seedV7 } from '#upstream/emulator/emulator.ts'
import type { Seed } from '#upstream/emulator/seed.ts'
import type { Entry } from '#upstream/emulator/state.ts'
import type { UpstreamPeople } from '#upstream/people.ts'
import type { KnownScopeWord } from '#upstream/scope-rules.ts'
import type { Facts } from './compose-facts.ts'
import { hostRule } from './listener.ts'
import { seedPeople } from './seed-people.ts'
import type { Settings } from './settings.ts'

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
  readonly settings: Settings
  /** The canonical origin, known once the port is bound. */
  readonly origin: URL
  readonly surroundings: Surroundings
  readonly facts: Facts
  readonly material: KeyMaterial
  readonly store: Store
  /** Behind the names of cookies, where several of us share a host: cookies do not know ports (RFC 6265 §8.5). Else empty. */
  readonly cookieSuffix: string
  /** v7 objects that need not be parsed again, by their stored text. */
  readonly knownEntries: ReadonlyMap<string, Entry>
}

/** Everything behind a port, over one store. */
export interface Capabilities {
  readonly seed: Seed
  readonly secrets: Secrets
  readonly store: Store
  readonly scopes: readonly KnownScopeWord[]
  readonly audit: Audit
  readonly trail: AuditTrail
  readonly identity: Identity
  readonly directory: Directory
  readonly userApiTokens: UserApiTokens & HeldUserApiTokens
  readonly resourceServers: readonly ResourceServer[]
  readonly integrations: AdjustableIntegrations
  readonly grants: Grants
  readonly limits: AdjustableLimits
  readonly mail: Mail & Outbox
  readonly broker: Broker
  readonly upstream: EmbeddedUpstream
  readonly people: UpstreamPeople
  readonly sso: Sso
  readonly views: Views
  readonly addressOf: (request: IncomingMessage) => string
  readonly allowsHost: (host: string) => boolean
}

function peopleOf(
  {
    settings,
    surroundings,
    material,
    store,
  }: Pick<Ground, 'settings' | 'surroundings' | 'material' | 'store'>,
  audit: Audit,
) {
  const { clock, randomBytes, newUuid: newToken } = surroundings
  const secrets = secretsFrom(material, randomBytes)
  const parts = {
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
    identity: localIdentity(parts),
    directory: localDirectory(parts),
    userApiTokens: { ...storedUserApiTokens(tokens), ...heldUserApiTokens(tokens) },
  }
}

function upstreamOf(
  { surroundings, origin, facts, store, knownEntries: known }: Ground,
  { directory, userApiTokens, trail }: Pick<Capabilities, 'directory' | 'userApiTokens' | 'trail'>,
): Promise<EmbeddedUpstream> {
  const { clock, randomBytes } = surroundings
  const { seed, v7 } = facts
  return openEmulator({
    ...{ store, clock, randomBytes, directory, userApiTokens, trail, seed, known },
    origin: origin.origin,
    facts: v7,
  })
}

/** @throws with one line for a person when the integrations file or the store cannot be used */
export async function openCapabilities(ground: Ground): Promise<Capabilities> {
  const { settings, origin, surroundings, facts, material, store } = ground
  const { clock, randomBytes } = surroundings
  const { seed, scopes } = facts
  const allScopes = scopes.map(({ name }) => name)
  const configured = parseIntegrations(readFileSync(settings.integrations, 'utf8'), {
    name: settings.integrations,
    origin: origin.origin,
    knownScopes: allScopes,
    operations: facts.operations,
  })
  const secrets = secretsFrom(material, randomBytes)
  const audit = storeAudit(clock, randomBytes)
  const trail = storeAuditTrail(store, clock)
  const { identity, directory, userApiTokens } = peopleOf(ground, audit)
  await seedPeople(seed, { store, directory, userApiTokens, clock })
  const upstream = await upstreamOf(ground, { directory, userApiTokens, trail })
  const { people } = upstream
  const { spans, sso: rules } = settings
  return {
    resourceServers: configured.resourceServers,
    seed,
    secrets,
    store,
    scopes,
    audit,
    trail,
    identity,
    directory,
    userApiTokens,
    integrations: storeIntegrations({ ...configured, allScopes, store, secrets }),
    grants: openGrants({ store, secrets, clock, audit }),
    limits: openLimits({ store, clock, enforced: settings.limits === 'on' }),
    mail: storedOutbox({ store, secrets, clock, randomBytes }),
    broker: ownStanding(),
    upstream,
    people,
    sso: openSso({ ...surroundings, origin, rules, spans, store, secrets, audit, identity, people }),
    views: facts.views,
    addressOf: clientAddress(settings.trustedProxies),
    allowsHost: hostRule(origin, settings.allowedHosts),
  }
}

/**
 * What an empty store of this seed begins with, made in a store of its own: reset puts it back, workspaces begin with it.
 * It belongs to the key material, as users and tokens are found by keyed hashes.
 */
export async function makeSeedImage(
  ground: Pick<Ground, 'settings' | 'surroundings' | 'facts' | 'material'>,
): Promise<StoreImage> {
  const { clock, randomBytes: random } = ground.surroundings
  const { store, images } = await openStore({ kind: 'memory' }, { clock, random })
  const people = peopleOf({ ...ground, store }, storeAudit(clock, random))
  await seedPeople(ground.facts.seed, { ...people, store, clock })
  await seedV7(store, ground.facts.seed, ground.facts.v7)
  const image = await images.take()
  await store.close()
  return image
}
