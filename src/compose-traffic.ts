/** How the requests of an emulator are called, and what they are answered with when a fault says so. */
import { routes } from '#authorization-server/configuration.ts'
import type { Clock } from '#domain/clock.ts'
import type { Fidelity } from '#domain/fidelity.ts'
import type { Operation } from '#domain/operation.ts'
import { knownAnswers } from '#gateway/known-answers.ts'
import { openRoutes } from '#gateway/routes.ts'
import { parseTarget } from '#gateway/target.ts'
import { errorPage } from '#http/error-page.ts'
import type { Views } from '#http/page.ts'
import type { KnownAnswers } from '#traffic/known-answer.ts'
import type { NameOf, Surface, Target } from '#traffic/traffic.ts'
import { isGatewayTarget } from './listener.ts'

/** Endpoints by exact path. */
const endpoints: ReadonlyMap<string, Target> = new Map<string, Target>([
  [routes.authorization, { surface: 'oauth', name: 'authorize' }],
  [routes.token, { surface: 'oauth', name: 'token' }],
  [routes.device_authorization, { surface: 'oauth', name: 'device_authorization' }],
  [routes.registration, { surface: 'oauth', name: 'register' }],
  [routes.userinfo, { surface: 'oauth', name: 'userinfo' }],
  [routes.jwks, { surface: 'oauth', name: 'keys' }],
  [routes.revocation, { surface: 'oauth', name: 'revoke' }],
  [routes.introspection, { surface: 'oauth', name: 'introspect' }],
  ['/.well-known/oauth-authorization-server', { surface: 'oauth', name: 'authorization_server_metadata' }],
  ['/.well-known/oauth-protected-resource', { surface: 'oauth', name: 'protected_resource_metadata' }],
  ['/.well-known/oauth-protected-resource/v7', { surface: 'oauth', name: 'protected_resource_metadata' }],
])

/** Pages and resumed requests by the beginning of their path. */
const beginnings: readonly (readonly [string, Target])[] = [
  [`${routes.authorization}/`, { surface: 'oauth', name: 'authorize' }],
  [routes.code_verification, { surface: 'pages', name: 'device' }],
  [routes.end_session, { surface: 'pages', name: 'logout' }],
  ['/interaction/', { surface: 'pages', name: 'interaction' }],
  ['/account', { surface: 'pages', name: 'account' }],
  ['/sso/', { surface: 'pages', name: 'sso' }],
  ['/demo-provider/', { surface: 'pages', name: 'demo_provider' }],
  ['/playground/', { surface: 'pages', name: 'callback' }],
]

const surfaceOf = (path: string): Surface => (path.startsWith('/v7/oauth2') ? 'oauth' : 'pages')

/** @returns what names a request: an endpoint, an operation of v7, a page */
export function namesOf(operations: readonly Operation[]): NameOf {
  const v7 = openRoutes(operations)
  return (method, path) => {
    if (isGatewayTarget(path)) {
      const segments = parseTarget(path)?.segments ?? []
      const match = v7.match(method === 'HEAD' ? 'GET' : method, segments)
      return { surface: 'v7', name: match?.operation.id }
    }
    const known = endpoints.get(path) ?? beginnings.find(([beginning]) => path.startsWith(beginning))?.[1]
    return known ?? { surface: surfaceOf(path), name: undefined }
  }
}

/** Every name that `namesOf` gives, endpoints and pages first. */
export const trafficNames = (operations: readonly Operation[]): readonly string[] => [
  ...new Set(
    [...endpoints.values(), ...beginnings.map(([, target]) => target)].map(({ name }) => name ?? ''),
  ),
  ...operations.map(({ id }) => id),
]

export interface RealAnswerParts {
  readonly origin: string
  readonly clock: Clock
  readonly callsPerMinute: number
  readonly fidelity: Fidelity
  readonly views: Views
}

/** @returns what the real surface answers with a status; undefined where that depends on the request */
export function realAnswers(parts: RealAnswerParts): KnownAnswers {
  const v7 = knownAnswers(parts)
  return ({ target, path, status, error }) => {
    if (target.surface === 'v7') {
      const known = v7(status, { path, error })
      return known && { ...known, body: String(known.body ?? '') }
    }
    if (target.surface === 'oauth' && target.name !== 'authorize') return undefined
    return {
      status,
      headers: ['Content-Type', 'text/html; charset=utf-8', 'Cache-Control', 'no-store'],
      body: errorPage(parts.views, {
        status,
        requestId: 'fault',
        ...(error === undefined ? {} : { code: error }),
      }),
    }
  }
}
