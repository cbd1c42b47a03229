/**
 * The composition root. The paths of a request:
 *
 *   /v7/** (not /v7/oauth2)   listener -> gateway -> grants | user API tokens -> limits -> broker -> upstream -> answer
 *   /oauth2, /v7/oauth2       listener -> edge -> unit of work -> oidc-provider -> grant record -> one commit -> answer
 *   /interaction, /account    listener -> edge -> unit of work -> step or account page
 *   operator listener         token -> grants | source block | health | metrics
 *
 * All memory is behind one store port. compose-capabilities.ts names the adapters that every composition has. compose-emulator.ts
 * puts the embedded v7 behind them, and control API, journal, faults, playground and inspector around; compose-broker.ts puts the
 * real ThousandEyes behind them, and nothing around.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { accountRoutes } from '#account/account.ts'
import type { Section } from '#account/section.ts'
import {
  type AuthorizationServer,
  openAuthorizationServer,
  type PageSurface,
} from '#authorization-server/authorization-server.ts'
import { type ExplainerParts, openExplainer } from '#gateway/explain.ts'
import { type GatewayParts, openGateway } from '#gateway/gateway.ts'
import { requestIds } from '#http/request-id.ts'
import { allUsers } from '#identity/user-records.ts'
import { type OperatorParts, openOperator } from '#operator/operator.ts'
import { afterOnMachine, startPurging } from '#store/purging.ts'
import {
  type Backend,
  type Capabilities,
  type Foundation,
  type Ground,
  openCapabilities,
  type Surroundings,
} from './compose-capabilities.ts'
import { publicListener } from './listener.ts'

export type RequestListener = (request: IncomingMessage, response: ServerResponse) => void

export interface Composed<Own extends Backend = Backend> {
  readonly publicListener: RequestListener
  readonly operatorListener: RequestListener
  readonly operatorToken: string
  readonly capabilities: Capabilities & Own
  readonly authorizationServer: AuthorizationServer
  /** From now on readiness says no. */
  drain(): void
  /** Ends background work; no request may be under way. The store is the caller's to close. */
  close(): Promise<void>
}

/** What differs from one composition to another. */
export interface Composition<Own extends Backend> {
  openBackend(foundation: Foundation): Promise<Own>
  /** The tabs of the account pages, in the order in which they stand. */
  accountSections(capabilities: Capabilities & Own): readonly Section[]
  /** Pages beside those that every composition has, served from the same origin with the same browser session. */
  morePages(capabilities: Capabilities & Own): readonly PageSurface[]
}

/** Scope words that ThousandEyes' own metadata lists and that mean something here (thousandeyes-facts 2.1). */
const liveScopes = ['offline_access']

function gatewayPartsOf(
  capabilities: Capabilities,
  { settings, facts, surroundings, origin }: Ground,
): GatewayParts & ExplainerParts {
  return {
    ...capabilities,
    metrics: capabilities.metrics.gateway,
    operations: facts.operations,
    callsPerMinute: settings.callsPerMinute,
    fidelity: settings.fidelity,
    origin: origin.origin,
    requestId: requestIds(surroundings.randomBytes),
    clock: surroundings.clock,
    log: surroundings.log,
  }
}

function authorizationServerOf(
  capabilities: Capabilities,
  { settings, facts, surroundings, origin, cookieSuffix }: Ground,
  {
    accountSections,
    pages,
  }: {
    readonly accountSections: readonly Section[]
    readonly pages: readonly PageSurface[]
  },
): AuthorizationServer {
  const { limits, scopes, linking } = capabilities
  const upstream = linking?.offered ?? capabilities.upstream
  const account = {
    ...capabilities,
    ...surroundings,
    upstream,
    operations: facts.operations,
    guards: limits.guards,
    tokenConfirmation: settings.tokenConfirmation,
  }
  return openAuthorizationServer(
    {
      ...capabilities,
      ...surroundings,
      upstream,
      links: linking?.links,
      operations: facts.operations,
      metrics: capabilities.metrics.protocol,
      origin,
      cookieSuffix,
      guards: limits.guards,
      lockAfter: settings.signIn.lockAfter,
      windows: limits.windows,
      spans: settings.spans,
      registration: settings.registration,
      advertisedScopes: settings.advertisedScopes === 'all' ? scopes.map(({ name }) => name) : liveScopes,
    },
    [(sessions) => accountRoutes(account, sessions, accountSections), ...pages],
  )
}

function operatorOf(
  { store, audit, grants, integrations, identity, directory, people, limits, metrics, linking }: Capabilities,
  { log, randomBytes }: Surroundings,
  parts: Pick<OperatorParts, 'token' | 'isDraining' | 'explain'>,
): RequestListener {
  const operator = openOperator({
    ...parts,
    grants,
    integrations,
    identity,
    directory,
    people,
    allUsers: () => allUsers(store),
    randomBytes,
    sourceBlock: limits.sourceBlock,
    exposition: metrics.exposition,
    record: async (detail) =>
      void (await store.commit([audit.entry({ event: 'operator-action', actor: 'operator', detail })])),
    probe: async () => void (await store.read(['probe'])),
    keyWork: linking?.keyWork,
    log,
  })
  return operator.callback() as RequestListener
}

/**
 * Builds everything behind the two listeners.
 * @throws with one line for a person when a file or the store cannot be used
 */
export async function compose<Own extends Backend>(
  ground: Ground,
  { openBackend, accountSections, morePages }: Composition<Own>,
): Promise<Composed<Own>> {
  const { settings, surroundings, origin } = ground
  const capabilities = await openCapabilities(ground, openBackend)
  const stopPurging = startPurging(capabilities.store, {
    everySeconds: 30,
    slice: 100,
    after: afterOnMachine,
    onFailure: (failure) => surroundings.log({ event: 'purge-failed', error: String(failure) }),
  })
  const operatorToken = settings.operatorToken ?? surroundings.randomBytes(24).toString('base64url')
  let isDraining = false
  const pages = morePages(capabilities)
  const sections = { accountSections: accountSections(capabilities), pages }
  const authorizationServer = authorizationServerOf(capabilities, ground, sections)
  const gatewayParts = gatewayPartsOf(capabilities, ground)
  return {
    publicListener: publicListener({
      ...capabilities,
      origin,
      gateway: openGateway(gatewayParts),
      authorizationServer: authorizationServer.listener,
    }),
    operatorListener: operatorOf(capabilities, surroundings, {
      token: operatorToken,
      isDraining: () => isDraining,
      explain: openExplainer(gatewayParts),
    }),
    operatorToken,
    capabilities,
    authorizationServer,
    drain: () => {
      isDraining = true
    },
    async close() {
      await stopPurging()
      await capabilities.limits.close()
      await capabilities.close()
    },
  }
}
