import type { Configuration, KoaContextWithOIDC } from 'oidc-provider'
import type { User, UserId } from '#domain/user.ts'
import { keepNewSession } from './browser-sessions.ts'
import {
  type DeviceCodeProblem,
  deviceCodePage,
  deviceConfirmationPage,
  deviceDonePage,
} from './device-pages.ts'
import { deviceRequestOf } from './device-request.ts'
import type { AuthorizationServerParts } from './parts.ts'

type DeviceFlow = NonNullable<NonNullable<Configuration['features']>['deviceFlow']>

/** One answer for a code that is unknown, expired or used: a guesser learns nothing from it (security-cases D06). */
const problems: Readonly<Record<string, DeviceCodeProblem>> = {
  NoCodeError: 'missing',
  NotFoundError: 'unknown',
  ExpiredError: 'unknown',
  AlreadyUsedError: 'unknown',
  AbortedError: 'declined',
  InvalidRequest: 'form-expired',
}

/** The errors that count as a wrong guess. */
export const isMissedGuess = (errorName: string | undefined): boolean =>
  errorName === 'NotFoundError' || errorName === 'ExpiredError' || errorName === 'AlreadyUsedError'

const xsrfOf = (ctx: KoaContextWithOIDC): string =>
  String((ctx.oidc.session?.state as { secret?: string } | undefined)?.secret ?? '')

/** The user code as it is shown, with the mask put back. */
export const maskedUserCode = (userCode: string): string => `${userCode.slice(0, 4)}-${userCode.slice(4)}`

const userFinder =
  ({ identity }: AuthorizationServerParts) =>
  async (ctx: KoaContextWithOIDC): Promise<User | undefined> =>
    identity.find(String(ctx.oidc.session?.accountId) as UserId)

/** The device flow's settings and its pages, in place of the engine's own (RFC 8628; none of ours sends itself). */
export function deviceFlow(parts: AuthorizationServerParts): DeviceFlow {
  const { views, engineNow } = parts
  const userOf = userFinder(parts)
  return {
    enabled: true,
    charset: 'base-20',
    mask: '****-****',
    deviceInfo: (ctx) => ({ ip: parts.addressOf(ctx.req), ua: ctx.get('user-agent') }),

    async userCodeInputSource(ctx, ...[, , err]) {
      if (err) await keepNewSession(ctx)
      const name = err?.name
      ctx.state['deviceError'] = name
      // After a form that has expired, as when a second tab was opened, nobody types the code again.
      const sent = name === 'InvalidRequest' ? ctx.oidc.params?.['user_code'] : undefined
      const typed =
        (err as { userCode?: string } | undefined)?.userCode ?? sent ?? ctx.state['prefilledUserCode']
      ctx.type = 'html'
      ctx.body = deviceCodePage(views, {
        action: '/oauth2/device',
        xsrf: xsrfOf(ctx),
        code: typeof typed === 'string' ? typed.slice(0, 32) : '',
        problem: name === undefined ? undefined : (problems[name] ?? 'failed'),
      })
    },

    userCodeConfirmSource(ctx, ...[, client, , userCode]) {
      const code = ctx.oidc.entities.DeviceCode
      ctx.type = 'html'
      ctx.body = deviceConfirmationPage(views, {
        action: '/oauth2/device',
        xsrf: xsrfOf(ctx),
        integration: client.clientName ?? client.clientId,
        device: deviceRequestOf(
          code ?? {},
          { userCode, browserAddress: parts.addressOf(ctx.req) },
          engineNow(),
        ),
      })
    },

    // A throw here would mark the approved code as failed, so nothing in it may.
    async successSource(ctx) {
      const user = await userOf(ctx).catch(() => undefined)
      ctx.type = 'html'
      ctx.body = deviceDonePage(views, {
        integration: ctx.oidc.client?.clientName ?? ctx.oidc.client?.clientId ?? '',
        email: user?.email ?? '',
        region: user?.region ?? 'us1',
        accountHref: '/account',
        signOutHref: '/oauth2/logout',
      })
    },
  }
}
