import type { Context, Middleware } from 'koa'
import type { KoaContextWithOIDC } from 'oidc-provider'
import type { ProtocolAnswer } from '#metrics/metrics.ts'
import { routes } from './configuration.ts'
import type { AuthorizationServerParts } from './parts.ts'
import { isReplayed, isReused } from './token-outcome.ts'

/** Endpoints by exact path, in our own words for them. */
const endpoints: ReadonlyMap<string, string> = new Map(
  Object.entries(routes).map(([name, path]) => [path, name]),
)

/** The rest by the beginning of its path. */
const beginnings: readonly (readonly [beginning: string, name: string])[] = [
  [`${routes.authorization}/`, 'authorization'],
  [`${routes.end_session}/`, 'end_session'],
  ['/interaction/', 'interaction'],
  ['/account', 'account'],
  ['/sso/', 'sso'],
  ['/.well-known/', 'metadata'],
]

const endpointOf = (path: string): string =>
  endpoints.get(path) ?? beginnings.find(([beginning]) => path.startsWith(beginning))?.[1] ?? 'other'

/** The word for a refusal, in the body for a program or at the end of a redirect (RFC 6749 §4.1.2.1, §5.2). */
function errorOf(ctx: Context, endpoint: string): string | undefined {
  if (ctx.status === 303 && endpoint === 'authorization')
    return URL.parse(ctx.response.get('Location'))?.searchParams.get('error') ?? undefined
  const body = ctx.status >= 400 ? (ctx.body as { readonly error?: unknown } | null | undefined) : undefined
  return typeof body?.error === 'string' ? body.error : undefined
}

function tokenOf(ctx: KoaContextWithOIDC): ProtocolAnswer['token'] {
  const { oidc } = ctx
  const grantType = oidc?.params?.['grant_type']
  if (typeof grantType !== 'string') return undefined
  return {
    grantType,
    clientId: oidc.client?.clientId,
    isReplay: isReplayed(ctx),
    isReuse: isReused(ctx),
  }
}

/** Tells the metrics what was answered; outside of all that may still change it. */
export function measureAnswers({ metrics }: Pick<AuthorizationServerParts, 'metrics'>): Middleware {
  return async (ctx, next) => {
    const beganAt = metrics.began()
    await next()
    const endpoint = endpointOf(ctx.path)
    const token = endpoint === 'token' ? tokenOf(ctx as unknown as KoaContextWithOIDC) : undefined
    metrics.answered({
      beganAt,
      endpoint,
      status: ctx.status,
      error: errorOf(ctx, endpoint),
      ...(token ? { token } : {}),
    })
  }
}
