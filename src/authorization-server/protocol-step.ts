import type { Middleware } from 'koa'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { tagOfToken } from '#grants/token-values.ts'
import { answerRefusal } from './edge.ts'
import type { GrantWork } from './grant-work.ts'
import type { AuthorizationServerParts } from './parts.ts'
import type { RefreshReplay } from './refresh-replay.ts'
import type { UnitsOfWork } from './unit-of-work.ts'

export interface ProtocolStepParts {
  readonly units: UnitsOfWork
  readonly work: GrantWork
  readonly replay: RefreshReplay
}

const grantTypeOf = (ctx: KoaContextWithOIDC): unknown =>
  ctx.oidc?.route === 'token' ? ctx.oidc.params?.['grant_type'] : undefined

/** RFC 6749 §4.1.2: of two valid exchanges of one code the second ends what the first got, however close they are. */
async function settleLostCode(ctx: KoaContextWithOIDC, work: GrantWork): Promise<void> {
  const code = ctx.oidc.params?.['code']
  const tag = typeof code === 'string' ? tagOfToken(code) : undefined
  if (tag) await work.destroy(tag, 'code-replay-detected')
  ctx.status = 400
  ctx.body = { error: 'invalid_grant', error_description: 'grant request is invalid' }
}

/**
 * The engine answers a failure itself, as 500 or with error=server_error at the redirect URI, and would have that kept. It is
 * none of the client's affair: it goes to the one boundary, which answers 503 (DECISIONS 13).
 */
export const noteEngineFailure = (
  ctx: { readonly state: Record<string, unknown> },
  failure: unknown,
): void => {
  ctx.state['engineFailure'] = failure
}

function throwEngineFailure({ state }: KoaContextWithOIDC): void {
  const failure: unknown = state['engineFailure']
  if (failure !== undefined) throw failure
}

/**
 * One protocol step, one commit (DECISIONS 5): the request runs as a unit of work, and its answer leaves only after what it
 * changed is durable. A step that lost a race against another keeps nothing and is answered as the loser it is.
 */
export function protocolStep(
  parts: AuthorizationServerParts,
  { units, work, replay }: ProtocolStepParts,
): Middleware {
  async function settleLostRace(ctx: KoaContextWithOIDC): Promise<void> {
    switch (grantTypeOf(ctx)) {
      case 'refresh_token':
        return replay.settleLostRace(ctx)
      case 'authorization_code':
        return settleLostCode(ctx, work)
      default:
        // A second press of a button: its answer leads on to what the first one decided.
        if (ctx.status === 303 && ctx.path.startsWith('/interaction/')) return undefined
        ctx.remove('Location')
        return answerRefusal(parts, ctx as unknown as Parameters<Middleware>[0], {
          status: ctx.oidc?.route === 'token' ? 400 : 409,
          error: ctx.oidc?.route === 'token' ? 'invalid_grant' : 'invalid_request',
          description: 'Another request was faster. Start again.',
        })
    }
  }

  return async (context, next) => {
    const ctx = context as unknown as KoaContextWithOIDC
    const outcome = await units.run(
      async () => {
        await next()
        throwEngineFailure(ctx)
        if (grantTypeOf(ctx) === 'refresh_token') replay.settle(ctx)
        // Also of a token that is gone: another request may have ended it a moment ago.
        if (ctx.oidc?.route === 'revocation') units.current().revokes()
      },
      // Who is locked or disabled may be let in again: what is refused meanwhile is not used up (DECISIONS 53).
      () => ctx.status < 500 && !(ctx.oidc?.route === 'token' && ctx.state['isUserInactive'] === true),
    )
    if (outcome !== 'conflict') return
    ctx.remove('Set-Cookie')
    await units.run(
      () => settleLostRace(ctx),
      () => true,
    )
  }
}
