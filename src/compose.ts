/**
 * The composition root: the only file that names every adapter. The paths of a request:
 *
 *   /v7/** (not /v7/oauth2)   listener -> gateway -> grants | user API tokens -> limits -> broker -> upstream -> answer
 *   /oauth2, /v7/oauth2       listener -> edge -> unit of work -> oidc-provider -> grant record -> one commit -> answer
 *   /interaction, /account    listener -> edge -> unit of work -> step or account page
 *   operator listener         token -> grants | source block | health
 *
 * All memory is behind one store port. The emulator is this composition: local identity, seeded data, embedded upstream.
 */
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { accountRoutes } from '#account/account.ts'
import { storeAudit, storeAuditTrail } from '#audit/store-audit.ts'
import { openAuthorizationServer } from '#authorization-server/authorization-server.ts'
import { ownStanding } from '#broker/own-standing.ts'
import type { Clock } from '#domain/clock.ts'
import type { Integration } from '#domain/integration.ts'
import { openGateway } from '#gateway/gateway.ts'
import { openGrants } from '#grants/stored-grants.ts'
import { clientAddress } from '#http/client-address.ts'
import { openViews } from '#http/page.ts'
import { requestIds } from '#http/request-id.ts'
import { localIdentity } from '#identity/local.ts'
import { lightCost, scryptPasswords } from '#identity/password.ts'
import { storedUserApiTokens } from '#identity/stored-user-api-tokens.ts'
import { parseIntegrations } from '#integrations/configured-integrations.ts'
import { storeIntegrations } from '#integrations/store-integrations.ts'
import { openLimits } from '#limits/store-limits.ts'
import { openOperator } from '#operator/operator.ts'
import { playgroundRoutes } from '#playground/playground.ts'
import { loadKeyMaterial, newKeyMaterial } from '#secrets/key-file.ts'
import { secretsFrom } from '#secrets/secrets.ts'
import { openStore } from '#store/open-store.ts'
import { afterOnMachine, startPurging } from '#store/purging.ts'
import { openEmulator } from '#upstream/emulator/emulator.ts'
import { parseSeed, type Seed } from '#upstream/emulator/seed.ts'
import { loadOperations } from '#upstream/operations.ts'
import { readScopeRules } from '#upstream/scope-rules.ts'
import { hostRule, publicListener } from './listener.ts'
import { seedPeople } from './seed-people.ts'
import type { Settings } from './settings.ts'
import { landingOf } from './welcome.ts'

/** What the machine gives: time, chance, a way to log. Tests give their own (DECISIONS 12). */
export interface Surroundings {
  readonly clock: Clock
  /** The clock that oidc-provider reads by itself. */
  readonly engineNow: () => number
  readonly randomBytes: (size: number) => Buffer
  readonly newUuid: () => string
  readonly log: (entry: object) => void
}

export type RequestListener = (request: IncomingMessage, response: ServerResponse) => void

export interface Composed {
  readonly publicListener: RequestListener
  readonly operatorListener: RequestListener
  readonly operatorToken: string
  readonly seed: Seed
  readonly integrations: readonly Integration[]
  /** From now on readiness says no. */
  drain(): void
  /** Ends background work and closes the store; no request may be under way. */
  close(): Promise<void>
}

/** Scope words that ThousandEyes' own metadata lists and that mean something here (thousandeyes-facts 2.1). */
const liveScopes = ['offline_access']

type Capabilities = Awaited<ReturnType<typeof openCapabilities>>

/** Everything behind a port, over one store. */
async function openCapabilities(settings: Settings, origin: URL, surroundings: Surroundings) {
  const { clock, randomBytes } = surroundings
  const seed = parseSeed(readFileSync(settings.seed, 'utf8'), settings.seed)
  const scopes = (await readScopeRules()).words
  const allScopes = scopes.map(({ name }) => name)
  const configured = parseIntegrations(readFileSync(settings.integrations, 'utf8'), {
    name: settings.integrations,
    origin: origin.origin,
    knownScopes: allScopes,
  })
  const material =
    settings.data === undefined
      ? await newKeyMaterial(randomBytes)
      : await loadKeyMaterial(settings.data, randomBytes)
  const secrets = secretsFrom(material, randomBytes)
  const { store } = await openStore(settings.store, { clock, random: randomBytes })
  const audit = storeAudit(clock, randomBytes)
  const identity = localIdentity({ store, secrets, passwords: scryptPasswords(lightCost, randomBytes) })
  const userApiTokens = storedUserApiTokens({ store, secrets, clock, newToken: surroundings.newUuid })
  await seedPeople(seed, { store, identity, userApiTokens, clock })
  const { registeredLifetimes } = configured
  return {
    ...configured,
    seed,
    secrets,
    store,
    scopes,
    audit,
    identity,
    userApiTokens,
    integrations: storeIntegrations({
      configured: configured.integrations,
      registeredLifetimes,
      allScopes,
      store,
      secrets,
    }),
    grants: openGrants({ store, secrets, clock, audit }),
    limits: openLimits({ store, clock, enforced: settings.limits === 'on' }),
    broker: ownStanding(),
    upstream: await openEmulator({
      store,
      clock,
      randomBytes,
      identity,
      userApiTokens,
      trail: storeAuditTrail(store),
      origin: origin.origin,
      seed,
    }),
    views: openViews(),
    addressOf: clientAddress(settings.trustedProxies),
    allowsHost: hostRule(origin, settings.allowedHosts),
  }
}

async function gatewayOf(
  capabilities: Capabilities,
  settings: Settings,
  surroundings: Surroundings & { origin: URL },
): Promise<RequestListener> {
  const own = surroundings.origin.origin
  return openGateway({
    ...capabilities,
    operations: await loadOperations(),
    callsPerMinute: settings.callsPerMinute,
    // The embedded upstream writes our own origin into its links, so there is nothing to rewrite.
    upstreamOrigins: { us1: own, us2: own, eu1: own },
    origin: own,
    requestId: requestIds(surroundings.randomBytes),
    clock: surroundings.clock,
    log: surroundings.log,
  })
}

function authorizationServerOf(
  capabilities: Capabilities,
  settings: Settings,
  rest: Surroundings & { origin: URL },
): RequestListener {
  const { integrations, limits, scopes, views, seed } = capabilities
  const { origin } = rest
  const landing = landingOf({ settings, origin, seed, integrations: integrations.configured })
  const server = openAuthorizationServer(
    {
      ...capabilities,
      ...rest,
      guards: limits.guards,
      windows: limits.windows,
      spans: settings.spans,
      registration: settings.registration,
      advertisedScopes: settings.advertisedScopes === 'all' ? scopes.map(({ name }) => name) : liveScopes,
    },
    [
      (sessions) => accountRoutes(capabilities, sessions),
      () => playgroundRoutes({ views, origin, landing, integrations: integrations.configured }),
    ],
  )
  return server.callback() as RequestListener
}

/**
 * Builds the emulator. @param origin the canonical origin, known once the port is bound
 * @throws with one line for a person when a file, the keys or the store cannot be used
 */
export async function compose(
  settings: Settings,
  origin: URL,
  surroundings: Surroundings,
): Promise<Composed> {
  const { log, randomBytes } = surroundings
  const capabilities = await openCapabilities(settings, origin, surroundings)
  const { store, audit, grants, identity, limits, seed, integrations } = capabilities
  const stopPurging = startPurging(store, {
    everySeconds: 30,
    slice: 100,
    after: afterOnMachine,
    onFailure: (failure) => log({ event: 'purge-failed', error: String(failure) }),
  })
  const operatorToken = settings.operatorToken ?? randomBytes(24).toString('base64url')
  let isDraining = false
  const operator = openOperator({
    token: operatorToken,
    grants,
    identity,
    sourceBlock: limits.sourceBlock,
    record: async (detail) =>
      void (await store.commit([audit.entry({ event: 'operator-action', actor: 'operator', detail })])),
    probe: async () => void (await store.read(['probe'])),
    isDraining: () => isDraining,
    log,
  })
  return {
    publicListener: publicListener({
      ...capabilities,
      origin,
      gateway: await gatewayOf(capabilities, settings, { ...surroundings, origin }),
      authorizationServer: authorizationServerOf(capabilities, settings, { ...surroundings, origin }),
    }),
    operatorListener: operator.callback() as RequestListener,
    operatorToken,
    seed,
    integrations: integrations.configured,
    drain: () => {
      isDraining = true
    },
    async close() {
      await stopPurging()
      await store.close()
    },
  }
}
