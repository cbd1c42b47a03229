/**
 * Authorization server: issues tokens to integrations for users who said yes (RFC 6749), on oidc-provider through its public
 * extension points. Owns the protocol endpoints, the steps of sign-in and confirm, and the grant's record while it is being
 * issued. Who a user is, what a store is and what answers v7 are other folders' affairs, behind their ports.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type Koa from 'koa'
import type { Middleware } from 'koa'
import compose from 'koa-compose'
import { Provider } from 'oidc-provider'
import type { BrowserSessions } from '#http/browser-session.ts'
import { injectInto } from '#http/inject.ts'
import { serveAssets } from '#http/page.ts'
import { requestIds } from '#http/request-id.ts'
import { securityHeaders } from '#http/security-headers.ts'
import { cutUnreadBody } from '#http/unread-body.ts'
import type { AdapterParts } from './adapter.ts'
import { answerByQuery, resumeByPath } from './answer-by-query.ts'
import { browserSessions, endDestroyedSessions } from './browser-sessions.ts'
import { guardUnknownClients, secretJudge } from './client-secrets.ts'
import { engineConfiguration } from './configuration.ts'
import { ageCookies } from './cookie-age.ts'
import { completeDeviceAnswers, prefillUserCode } from './device-authorization.ts'
import {
  answerFailures,
  isForPrograms,
  knownPathsOnly,
  ownFormsOnly,
  pathForLog,
  refuseBasic,
} from './edge.ts'
import { engineTime } from './engine-time.ts'
import { grantWork } from './grant-work.ts'
import { guardUserCodes, limitAnonymousRows, limitUnknownDeviceCodes } from './guesses.ts'
import { type Headless, openHeadless } from './headless/headless.ts'
import { dateIdTokens } from './id-token-time.ts'
import { measureAnswers } from './measured-answers.ts'
import { metadata } from './metadata.ts'
import type { AuthorizationServerParts } from './parts.ts'
import { programAnswers } from './program-answers.ts'
import { noteEngineFailure, protocolStep } from './protocol-step.ts'
import { refreshReplay } from './refresh-replay.ts'
import { noteVisits } from './request-notes.ts'
import { sealedRecords } from './sealed-records.ts'
import { openSeams } from './seams.ts'
import { askLogoutByGet, endConnectionsOnLogout } from './sign-out.ts'
import { signedInBrowsers } from './signed-in-browsers.ts'
import { accountSignIn } from './steps/account-sign-in.ts'
import { confirmStep } from './steps/confirm.ts'
import { ssoSteps } from './steps/sso.ts'
import { stepRoutes } from './steps/step-routes.ts'
import { unitsOfWork } from './unit-of-work.ts'

/** A surface of pages that shares our browser session; given the port, it returns its routes. */
export type PageSurface = (sessions: BrowserSessions) => Middleware

/** Every request has a name before anything else happens to it. */
function nameRequests(nextId: () => string): Middleware {
  return (ctx, next) => {
    ctx.res.setHeader('X-Request-Id', nextId()) // Koa's `set` costs several times as much
    return next()
  }
}

/** Whatever the answer is, nobody goes on sending for ever. */
const cutUnreadBodies: Middleware = async (ctx, next) => {
  try {
    await next()
  } finally {
    cutUnreadBody(ctx.req)
  }
}

/** What concerns pages alone. A token request goes by all of it in one step. */
interface PageConcerns {
  readonly onPages: readonly Middleware[]
}

/** @param order what all requests go through, and between it what pages do @returns one middleware that does either */
function inOrder(order: readonly (Middleware | PageConcerns)[]): Middleware {
  const forAll = (one: Middleware | PageConcerns): one is Middleware => typeof one === 'function'
  const forPrograms = compose(order.filter(forAll))
  const forPages = compose(order.flatMap((one) => (forAll(one) ? [one] : one.onPages)))
  return (ctx, next) => (isForPrograms(ctx.path) ? forPrograms : forPages)(ctx, next)
}

type EngineListener = (
  ctx: Pick<Koa.Context, 'path' | 'state' | 'response'>,
  error: Error & { readonly error_detail?: string; readonly error_description?: string },
) => void

/** The beginnings of the engine's names for refusals. */
const refusingEndpoints = [
  'authorization',
  'device_authorization',
  'grant',
  'introspection',
  'registration_create',
  'revocation',
  'userinfo',
] as const

function logEngineEvents(provider: Provider, parts: AuthorizationServerParts): void {
  const on = provider.on.bind(provider) as unknown as (event: string, listener: EngineListener) => void
  // The reason of a refusal is for the log alone; the client gets the protocol's words (oidc-provider `error_detail`).
  const refused =
    (event: string): EngineListener =>
    (ctx, error) => {
      if (error.message !== 'authorization_pending')
        parts.log({
          event,
          request: ctx.response.get('X-Request-Id'),
          path: pathForLog(ctx.path),
          error: error.message,
          detail: error.error_detail ?? error.error_description,
        })
    }
  on('server_error', noteEngineFailure)
  for (const endpoint of refusingEndpoints) on(`${endpoint}.error`, refused(`${endpoint}-refused`))
  // A connection that broke off, or a body that is no HTTP any more: Koa would print it among the lines of the log.
  const koa = provider as unknown as Koa
  koa.on('error', (error: Error) => parts.log({ event: 'exchange-broken', error: String(error) }))
}

/** What stands between the engine's models and the store. */
function adapterPartsOf({
  store,
  secrets,
  audit,
  clock,
  engineNow,
  identity,
  spans,
  addressOf,
}: AuthorizationServerParts): AdapterParts {
  const sessionSeconds = spans.sessionAbsolute
  const units = unitsOfWork(store)
  const time = engineTime(clock, engineNow)
  return {
    units,
    work: grantWork(units, audit, clock),
    time,
    clock,
    secrets,
    callerAddress: () => Provider.ctx && addressOf(Provider.ctx.req),
    records: sealedRecords(units, secrets, time),
    browsers: signedInBrowsers({ units, store, secrets, time, clock, identity, sessionSeconds }),
    pendingSeconds: spans.deviceCode + spans.interaction,
    intervalSeconds: spans.devicePollingInterval,
    sessionSeconds,
  }
}

export interface AuthorizationServer {
  readonly listener: (request: IncomingMessage, response: ServerResponse) => void
  /** What only the owner of an emulator may use. */
  readonly headless: Headless
}

/**
 * Builds the authorization server. The engine fixes its issuer here, so the origin must be known (DECISIONS 38).
 * @param pages surfaces that are served from the same origin with the same browser session
 */
export function openAuthorizationServer(
  parts: AuthorizationServerParts,
  pages: readonly PageSurface[],
): AuthorizationServer {
  const { secrets, clock, spans, randomBytes, engineNow } = parts
  const adapterParts = adapterPartsOf(parts)
  const { units, work, records, browsers } = adapterParts
  const replay = refreshReplay({
    units,
    work,
    secrets,
    now: () => clock.now(),
    windowSeconds: spans.refreshReplayWindow,
  })
  const provider = new Provider(parts.origin.origin, engineConfiguration(parts, adapterParts))
  // The listener in front has settled host, scheme and address; what arrives here is canonical (DECISIONS 14).
  provider.proxy = true
  openSeams(provider, { units, work, secrets, judge: secretJudge(parts), engineNow })
  logEngineEvents(provider, parts)
  const sessionParts = { provider, parts, units, browsers }
  endDestroyedSessions(sessionParts)
  const sessions = browserSessions(sessionParts)
  const sso = ssoSteps(parts)
  const order = inOrder([
    nameRequests(requestIds(randomBytes)),
    measureAnswers(parts), //                  what leaves us, whatever became of it
    cutUnreadBodies,
    securityHeaders(parts.origin), //          every page, errors included
    programAnswers(), //                       every answer that is no page: RFC 6749 §5.1
    answerFailures(parts), //                  store trouble and defects: 503, no stack
    knownPathsOnly(parts), //                  no lenient spellings; 404 and 405 in the reader's form
    { onPages: [ageCookies(parts), serveAssets(parts.views)] },
    metadata(parts), //                        RFC 8414, RFC 9728
    refuseBasic(parts),
    {
      onPages: [
        askLogoutByGet(), //                   RP-Initiated Logout 1.0 §2
        ownFormsOnly(parts), //                cross-site POSTs change nothing
      ],
    },
    ...[limitAnonymousRows(parts), limitUnknownDeviceCodes(parts), guardUnknownClients(parts)],
    {
      onPages: [
        guardUserCodes(parts), //              RFC 8628 §5.1
        prefillUserCode(),
        answerByQuery(),
        resumeByPath(),
      ],
    },
    protocolStep(parts, { units, work, replay }), // one step, one commit
    completeDeviceAnswers(parts),
    dateIdTokens(parts),
    {
      onPages: [
        noteVisits(units, parts),
        endConnectionsOnLogout(parts, work),
        sso.routes,
        accountSignIn(parts, sessions, sso),
        ...pages.map((page) => page(sessions)),
        stepRoutes({ provider, parts, units, sso }),
      ],
    },
  ])
  provider.use(order as Parameters<Provider['use']>[0])
  // Only now: the engine takes no middleware any more once its listener is made.
  const listener = provider.callback() as AuthorizationServer['listener']
  const inject = injectInto(listener, parts.origin.host)
  const { accountGroupsOf } = confirmStep(parts)
  return {
    listener,
    headless: openHeadless({ provider, parts, units, work, records, inject, accountGroupsOf }),
  }
}
