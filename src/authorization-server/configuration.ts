import type { Configuration, KoaContextWithOIDC } from 'oidc-provider'
import type { TokenLifetimes } from '#domain/integration.ts'
import { isActive, type UserId } from '#domain/user.ts'
import { errorPage } from '#http/error-page.ts'
import { type AdapterParts, engineAdapter } from './adapter.ts'
import { anonymousSessionSeconds } from './browser-sessions.ts'
import { clientOf, resourceServerClient } from './clients.ts'
import { deviceFlow } from './device-views.ts'
import type { AuthorizationServerParts } from './parts.ts'
import { stepPolicy } from './policy.ts'
import { checkRegistration } from './registration.ts'
import { checkRequestedScope } from './requested-scope.ts'
import { logoutViews } from './sign-out.ts'
import { mayIntrospect, mayRevoke } from './token-policies.ts'

/** ThousandEyes' own paths where they are known (README, Paths). */
export const routes = {
  authorization: '/oauth2/authorize',
  token: '/v7/oauth2/token',
  device_authorization: '/v7/oauth2/device/authorization',
  registration: '/v7/oauth2/clients',
  userinfo: '/v7/oauth2/userinfo',
  jwks: '/v7/oauth2/provider/keys',
  revocation: '/v7/oauth2/revoke',
  introspection: '/v7/oauth2/introspect',
  code_verification: '/oauth2/device',
  end_session: '/oauth2/logout',
} as const

type Ctx = KoaContextWithOIDC | undefined

function spansOf(parts: AuthorizationServerParts): NonNullable<Configuration['ttl']> {
  const of = (clientId: string | undefined): TokenLifetimes => parts.integrations.lifetimesOf(clientId ?? '')
  const { spans, engineNow } = parts
  const nowSeconds = (): number => Math.floor(engineNow() / 1000)
  // An access token does not promise to outlive its connection.
  const untilGrantEnds = (ctx: Ctx): number =>
    (ctx?.oidc?.entities.Grant?.exp ?? Number.POSITIVE_INFINITY) - nowSeconds()
  return {
    AccessToken: (ctx, _token, client) =>
      Math.max(1, Math.min(of(client.clientId).accessSeconds, untilGrantEnds(ctx))),
    RefreshToken: (_ctx, _token, client) => of(client.clientId).idleSeconds,
    // The confirm step passes expiresIn; outside a protocol request there is no client here.
    Grant: (_ctx, grant) => of(grant.clientId).absoluteSeconds,
    AuthorizationCode: spans.authorizationCode,
    DeviceCode: spans.deviceCode,
    IdToken: spans.idToken,
    Interaction: spans.interaction,
    Session: (_ctx, session) =>
      session.accountId === undefined
        ? anonymousSessionSeconds
        : Math.max(
            1,
            Math.min(
              spans.sessionIdle,
              (session.loginTs ?? nowSeconds()) + spans.sessionAbsolute - nowSeconds(),
            ),
          ),
  }
}

/** RFC 6265bis: the prefixes pin cookies to this host; a cookie with a path of its own cannot have `__Host-`. */
const cookieNames = (
  isSecure: boolean,
  suffix: string,
): NonNullable<NonNullable<Configuration['cookies']>['names']> => ({
  session: `${isSecure ? '__Host-' : ''}panoptes_session${suffix}`,
  interaction: `${isSecure ? '__Secure-' : ''}panoptes_interaction${suffix}`,
  resume: `${isSecure ? '__Secure-' : ''}panoptes_resume${suffix}`,
})

function featuresOf(parts: AuthorizationServerParts): NonNullable<Configuration['features']> {
  const knownScopes = new Set(parts.scopes.map(({ name }) => name))
  return {
    devInteractions: { enabled: false },
    dPoP: { enabled: false },
    pushedAuthorizationRequests: { enabled: false },
    userinfo: { enabled: true },
    deviceFlow: deviceFlow(parts),
    rpInitiatedLogout: { enabled: true, ...logoutViews(parts) },
    revocation: { enabled: true, allowedPolicy: mayRevoke },
    introspection: { enabled: true, allowedPolicy: mayIntrospect(parts) },
    // RFC 8707 `resource`, which some clients always send, is ignored like any unknown parameter (RFC 6749 §3.1).
    resourceIndicators: { enabled: false },
    registration: {
      enabled: parts.registration === 'open',
      initialAccessToken: false,
      issueRegistrationAccessToken: true,
      idFactory: (ctx) => {
        checkRegistration(ctx, knownScopes)
        return `registered-${parts.randomBytes(15).toString('base64url')}`
      },
      secretFactory: () => parts.randomBytes(32).toString('base64url'),
    },
  }
}

type ErrorRenderer = NonNullable<Configuration['renderError']>
type ErrorOut = Parameters<ErrorRenderer>[1]

/** What a caller is told: the protocol's words for a fault of the request, nothing about a fault of ours. */
const toldOf = (out: ErrorOut, status: number): Partial<Pick<ErrorOut, 'error' | 'error_description'>> =>
  status < 500
    ? { error: out.error, ...(out.error_description && { error_description: out.error_description }) }
    : {}

/** Errors that may not go to a redirect URI: our page for people, RFC 6749 §5.2 for a program that prefers JSON. */
function errorRenderer({ views }: Pick<AuthorizationServerParts, 'views'>): ErrorRenderer {
  return (ctx, out, error) => {
    const status = 'statusCode' in error ? Number(error.statusCode) : 500
    const { error: code, error_description: description } = toldOf(out, status)
    ctx.status = status
    if (ctx.accepts('html', 'json') === 'json') {
      ctx.body = { error: code ?? 'server_error', error_description: description }
      return
    }
    ctx.type = 'html'
    ctx.body = errorPage(views, {
      status,
      requestId: String(ctx.response.get('X-Request-Id')),
      ...(code === undefined ? {} : { code }),
      ...(description === undefined ? {} : { description }),
    })
  }
}

/** The whole configuration of oidc-provider: values, and functions that live in files of their own. */
export function engineConfiguration(
  parts: AuthorizationServerParts,
  adapterParts: AdapterParts,
): Configuration {
  const isSecure = parts.origin.protocol === 'https:'
  return {
    adapter: engineAdapter(adapterParts),
    clients: [
      ...parts.integrations.configured.map(clientOf),
      ...parts.resourceServers.map(resourceServerClient),
    ],
    clientDefaults: {
      id_token_signed_response_alg: 'ES256',
      response_modes: ['query'],
      token_endpoint_auth_method: 'client_secret_post',
    } as NonNullable<Configuration['clientDefaults']>,
    jwks: { keys: parts.secrets.signingKeys as unknown as NonNullable<Configuration['jwks']>['keys'] },
    cookies: { keys: [...parts.secrets.cookieKeys], names: cookieNames(isSecure, parts.cookieSuffix) },
    routes,
    scopes: parts.scopes.map(({ name }) => name),
    claims: { openid: ['sub'], email: ['email'] },
    responseTypes: ['code'],
    subjectTypes: ['public'],
    clientAuthMethods: ['client_secret_post', 'none'],
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
    pkce: { required: () => true },
    // The engine runs this check on every authorization request, whether teRegion was sent or not.
    extraParams: { teRegion: checkRequestedScope(new Set(parts.scopes.map(({ name }) => name))) },
    // Nobody is refused for an Origin header, and no origin is let in (program-answers.ts).
    clientBasedCORS: () => true,
    interactions: {
      policy: stepPolicy(parts.spans, parts.links),
      url: (_ctx, interaction) => `/interaction/${interaction.uid}`,
    },
    // One grant a connection: two devices connected from one browser live and die apart (DECISIONS 4).
    loadExistingGrant: async (ctx) => {
      const grantId = (ctx.oidc.result?.consent as { grantId?: string } | undefined)?.grantId
      return grantId === undefined ? undefined : ctx.oidc.provider.Grant.find(grantId)
    },
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: true,
    expiresWithSession: async () => false,
    revokeGrantPolicy: () => true,
    ttl: spansOf(parts),
    // Everything that ends was issued here, on one clock: a code of 60 seconds lives 60, not 75.
    clockTolerance: 0,
    features: featuresOf(parts),
    async findAccount(ctx, sub) {
      const user = await parts.identity.find(sub as UserId)
      if (user && !isActive(user)) ctx.state['isUserInactive'] = true
      if (!user || !isActive(user)) return undefined
      return { accountId: user.id, claims: async () => ({ sub: user.id, email: user.email }) }
    },
    renderError: errorRenderer(parts),
  }
}
