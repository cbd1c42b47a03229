/**
 * The composition root. The paths of a request:
 *
 *   /v7/** (not /v7/oauth2)   listener -> gateway -> grants | user API tokens -> limits -> broker -> upstream -> answer
 *   /oauth2, /v7/oauth2       listener -> edge -> unit of work -> oidc-provider -> grant record -> one commit -> answer
 *   /interaction, /account    listener -> edge -> unit of work -> step or account page
 *   operator listener         token -> grants | source block | health
 *
 * All memory is behind one store port. compose-capabilities.ts names the adapters, compose-emulator.ts adds what only an emulator
 * has: the control API, journal and faults in front of all this, playground and inspector.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { accountRoutes } from '#account/account.ts'
import {
  type AuthorizationServer,
  openAuthorizationServer,
  type PageSurface,
} from '#authorization-server/authorization-server.ts'
import { openGateway } from '#gateway/gateway.ts'
import { requestIds } from '#http/request-id.ts'
import { allUsers } from '#identity/user-records.ts'
import { openOperator } from '#operator/operator.ts'
import { afterOnMachine, startPurging } from '#store/purging.ts'
import {
  type Capabilities,
  type Ground,
  openCapabilities,
  type Surroundings,
} from './compose-capabilities.ts'
import { publicListener } from './listener.ts'

export type RequestListener = (request: IncomingMessage, response: ServerResponse) => void

export interface Composed {
  readonly publicListener: RequestListener
  readonly operatorListener: RequestListener
  readonly operatorToken: string
  readonly capabilities: Capabilities
  readonly authorizationServer: AuthorizationServer
  /** From now on readiness says no. */
  drain(): void
  /** Ends background work; no request may be under way. The store is the caller's to close. */
  close(): Promise<void>
}

/** Pages beside those that every composition has. */
export type MorePages = (capabilities: Capabilities) => readonly PageSurface[]

/** Scope words that ThousandEyes' own metadata lists and that mean something here (thousandeyes-facts 2.1). */
const liveScopes = ['offline_access']

function gatewayOf(
  capabilities: Capabilities,
  { settings, facts, surroundings, origin }: Ground,
): RequestListener {
  const own = origin.origin
  return openGateway({
    ...capabilities,
    operations: facts.operations,
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
  { settings, facts, surroundings, origin, cookieSuffix }: Ground,
  morePages: MorePages,
): AuthorizationServer {
  const { limits, scopes } = capabilities
  const account = {
    ...capabilities,
    ...surroundings,
    operations: facts.operations,
    guards: limits.guards,
    tokenConfirmation: settings.tokenConfirmation,
  }
  return openAuthorizationServer(
    {
      ...capabilities,
      ...surroundings,
      operations: facts.operations,
      origin,
      cookieSuffix,
      guards: limits.guards,
      lockAfter: settings.signIn.lockAfter,
      windows: limits.windows,
      spans: settings.spans,
      registration: settings.registration,
      advertisedScopes: settings.advertisedScopes === 'all' ? scopes.map(({ name }) => name) : liveScopes,
    },
    [(sessions) => accountRoutes(account, sessions), ...morePages(capabilities)],
  )
}

function operatorOf(
  { store, audit, grants, identity, directory, upstream, limits }: Capabilities,
  { log, randomBytes }: Surroundings,
  parts: { readonly token: string; readonly isDraining: () => boolean },
): RequestListener {
  const operator = openOperator({
    ...parts,
    grants,
    identity,
    directory,
    people: upstream.people,
    allUsers: () => allUsers(store),
    randomBytes,
    sourceBlock: limits.sourceBlock,
    record: async (detail) =>
      void (await store.commit([audit.entry({ event: 'operator-action', actor: 'operator', detail })])),
    probe: async () => void (await store.read(['probe'])),
    log,
  })
  return operator.callback() as RequestListener
}

/**
 * Builds everything behind the two listeners.
 * @param morePages served from the same origin with the same browser session
 * @throws with one line for a person when a file or the store cannot be used
 */
export async function compose(ground: Ground, morePages: MorePages): Promise<Composed> {
  const { settings, surroundings, origin } = ground
  const capabilities = await openCapabilities(ground)
  const stopPurging = startPurging(capabilities.store, {
    everySeconds: 30,
    slice: 100,
    after: afterOnMachine,
    onFailure: (failure) => surroundings.log({ event: 'purge-failed', error: String(failure) }),
  })
  const operatorToken = settings.operatorToken ?? surroundings.randomBytes(24).toString('base64url')
  let isDraining = false
  const authorizationServer = authorizationServerOf(capabilities, ground, morePages)
  return {
    publicListener: publicListener({
      ...capabilities,
      origin,
      gateway: gatewayOf(capabilities, ground),
      authorizationServer: authorizationServer.listener,
    }),
    operatorListener: operatorOf(capabilities, surroundings, {
      token: operatorToken,
      isDraining: () => isDraining,
    }),
    operatorToken,
    capabilities,
    authorizationServer,
    drain: () => {
      isDraining = true
    },
    close: stopPurging,
  }
}
