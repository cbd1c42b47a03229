/**
 * Gateway: the v7 API as an integration sees it, a resource server in the words of RFC 6749 §1.1.
 * Owns the order of checks between a presented token and the upstream's answer, as one list.
 * Issues no tokens and keeps no records: it borrows credentials from the broker and never shows them.
 * Answers `/v7/**` but `/v7/oauth2/**`, which main hands to the authorization server. Plain node:http, as every call pays for it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Broker } from '#broker/broker.ts'
import type { Awaitable } from '#domain/awaitable.ts'
import type { Clock } from '#domain/clock.ts'
import type { Fidelity } from '#domain/fidelity.ts'
import type { Operation } from '#domain/operation.ts'
import type { RegionId } from '#domain/region.ts'
import type { Limits } from '#limits/limits.ts'
import type { GatewayMetrics } from '#metrics/metrics.ts'
import { type Upstream, UpstreamUnavailable } from '#upstream/upstream.ts'
import { selectAccountGroup } from './account-group.ts'
import { requireBearer, type TokenReaders } from './bearer.ts'
import { borrowFrom } from './borrow.ts'
import { type Answer, type Call, type Check, newCall } from './call.ts'
import { forward, UpstreamFailure } from './forward.ts'
import { requireCanonicalRequest } from './framing.ts'
import { keepBodyToGrant } from './groups-in-body.ts'
import { type GatewayLog, logLine } from './log-line.ts'
import { keepWithinLimits, matchOperation, requireScope } from './operation.ts'
import { rateWindowChecks } from './rate-windows.ts'
import { openReach } from './reach.ts'
import { problemAnswer } from './refusal-answer.ts'
import { limitBody } from './request-body.ts'
import { countUnauthorized, refuseBlockedAddress } from './source-block.ts'
import { unavailableAnswer } from './unavailable.ts'
import { badGateway, discard } from './upstream-answer.ts'
import { writeAnswer } from './write-answer.ts'

export interface GatewayParts extends TokenReaders {
  /** Every operation that may be called; no other exists. */
  readonly operations: readonly Operation[]
  readonly broker: Broker
  readonly upstream: Upstream
  /** What the upstream of each region writes into its links; where it is our own origin, nothing is rewritten. */
  readonly upstreamOrigins: Readonly<Record<RegionId, string>>
  /** How long the account groups are believed that the upstream lists for a user; a second when left out. */
  readonly accountGroupSeconds?: number
  /** The canonical origin, as `http://localhost:7070`. */
  readonly origin: string
  /** Whether a Host header names us. */
  readonly allowsHost: (host: string) => boolean
  readonly addressOf: (request: IncomingMessage) => string
  readonly requestId: () => string
  readonly limits: Pick<Limits, 'windows' | 'sourceBlock'>
  /** Calls of one client or organization in a minute; ThousandEyes raises its 240 on request (thousandeyes-facts 6.3). */
  readonly callsPerMinute?: number
  /** Whose bodies 401 and 404 have; `live` when it is left out. */
  readonly fidelity?: Fidelity
  readonly clock: Clock
  readonly metrics: GatewayMetrics
  readonly log: GatewayLog
}

/** What the checks themselves need. */
export type RuleParts = Omit<GatewayParts, 'addressOf' | 'requestId' | 'metrics' | 'log'>

/** A check under the name by which explanations call it. */
type Rule = readonly [name: RuleName, check: Check]

export type RuleName =
  | 'request'
  | 'address'
  | 'token'
  | 'calls'
  | 'operation'
  | 'scope'
  | 'limits'
  | 'account-group'
  | 'bucket'
  | 'body'
  | 'groups-in-body'
  | 'upstream'

/** The order of checks. Explanations (explain.ts) walk it too, over ports that change nothing. */
export function rulesOf(parts: RuleParts): readonly Rule[] {
  const { origin, upstream, clock, limits, fidelity = 'live' } = parts
  const windows = rateWindowChecks(limits.windows, clock, parts.callsPerMinute ?? 240)
  const borrow = borrowFrom(parts.broker)
  const count = countUnauthorized(limits.sourceBlock)
  const reach = openReach({ upstream, borrow, clock, believedSeconds: parts.accountGroupSeconds ?? 1 })
  return [
    ['request', requireCanonicalRequest(parts.allowsHost)], //        one reading only, our own Host → 400, 414, 415, 421
    ['address', refuseBlockedAddress(limits.sourceBlock)], //         120 × 401 within the hour → 429
    ['token', requireBearer(parts, { origin, fidelity, count })], //  RFC 6750 §2.1; grant, client and user alive → 401
    ['calls', windows.calls], //                                      X-Organization-Rate-Limit-* → 429
    ['operation', matchOperation(parts.operations, fidelity)], //     default deny → 404, 405
    ['scope', requireScope], //                                       RFC 6750 §3.1 → 403
    ['limits', keepWithinLimits], //                                  read-only, operations, of grant and integration → 403
    ['account-group', selectAccountGroup(reach)], //                  ?aid= → 400, 403, 502
    ['bucket', windows.buckets], //                                   instant tests, template deploy, dashboard snapshots → 429
    ['body', limitBody], //                                           RFC 9110 §15.5.14 → 413
    ['groups-in-body', keepBodyToGrant(reach)], //                    config/account-groups.yaml → 400, 403, 413, 502
    ['upstream', forward({ upstream, borrow, origin, upstreamOrigins: parts.upstreamOrigins })],
  ]
}

/** Goes through the checks from one of them on, at once as far as none has to wait. */
function firstAnswer(checks: readonly Check[], call: Call, from = 0): Awaitable<Answer> {
  for (let index = from; index < checks.length; index += 1) {
    const outcome = checks[index]?.(call)
    if (outcome instanceof Promise)
      return outcome.then((answer) => answer ?? firstAnswer(checks, call, index + 1))
    if (outcome) return outcome
  }
  throw new Error('no check answered the call')
}

/** The one boundary of failures (DECISIONS 13): nothing thrown reaches the caller in other words than these. */
function failureAnswer(call: Call, error: unknown): Answer {
  if (error instanceof UpstreamUnavailable) return unavailableAnswer(call, error)
  return error instanceof UpstreamFailure
    ? badGateway(call, 'upstream_failed', 'The upstream could not answer.')
    : problemAnswer(
        call,
        {
          status: 503,
          title: 'Service Unavailable',
          detail: 'The call could not be checked. Try again.',
          code: 'temporarily_unavailable',
        },
        { headers: ['Retry-After', '1'] },
      )
}

/** @returns the request listener of the gateway; it never throws and leaves no promise unhandled */
export function openGateway(
  parts: GatewayParts,
): (request: IncomingMessage, response: ServerResponse) => void {
  const { addressOf, requestId, metrics, log } = parts
  const checks = rulesOf(parts).map(([, check]) => check)

  function fail(call: Call, error: unknown): void {
    const answer = failureAnswer(call, error)
    // A caller who left is no failure of ours, whatever was thrown because of it.
    if (call.response.destroyed) return
    log(logLine(call, answer, error))
    metrics.answered(call, answer)
    if (call.response.headersSent) call.response.destroy()
    else writeAnswer(call, answer, () => undefined)
  }

  function write(call: Call, answer: Answer): void {
    try {
      writeAnswer(call, answer, (error) => {
        metrics.brokeOff()
        log(logLine(call, { ...answer, status: 502, code: 'upstream_broke_off' }, error))
      })
    } catch (cause) {
      discard(answer.body)
      throw new UpstreamFailure('the answer could not be written', { cause })
    }
  }

  function finish(call: Call, answer: Answer): void {
    if (answer.status >= 400) log(logLine(call, answer))
    write(call, answer)
    metrics.answered(call, answer)
  }

  return (request, response) => {
    const call = newCall(
      { request, response },
      { id: requestId(), address: addressOf(request), beganAt: metrics.began() },
    )
    const failed = (error: unknown): void => fail(call, error)
    try {
      const answer = firstAnswer(checks, call)
      if (answer instanceof Promise) answer.then((known) => finish(call, known)).catch(failed)
      else finish(call, answer)
    } catch (error) {
      failed(error)
    }
  }
}
