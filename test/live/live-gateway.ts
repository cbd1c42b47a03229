import { performance } from 'node:perf_hooks'
import { refuse } from '#domain/refusal.ts'
import type { GatewayParts } from '#gateway/gateway.ts'
import { openLiveUpstream } from '#upstream/live/live.ts'
import type { LiveSettings } from '#upstream/live/live-settings.ts'
import type { Upstream } from '#upstream/upstream.ts'
import { accessToken, type RunningGateway, startGateway } from '../gateway/start-gateway.ts'
import { type AnsweredCall, callV7 } from '../support/call-v7.ts'

/** What stands in the Authorization header of everything that reaches the upstream. */
export const userToken = '0f7b2f2e-6d3d-4a3e-9a52-3c1a90e6a001'

export const bearer = { authorization: `Bearer ${accessToken}` }

export interface LiveOptions extends Partial<LiveSettings> {
  /** The origin of all regions that have none of their own. */
  readonly origin?: string
  readonly parts?: Partial<GatewayParts>
  /** What stands around the live upstream. */
  readonly around?: (live: Upstream) => Upstream
}

const nowhere = 'http://127.0.0.1:1'

/** Waits of a test: as short as they may be, so that nobody waits for them. */
export const waits: Omit<LiveSettings, 'regions'> = {
  proxy: undefined,
  authorities: undefined,
  connectTimeout: 2,
  headersTimeout: 1,
  bodyTimeout: 1,
  totalTimeout: 3,
  maxInFlight: 50,
  breakerFailures: 1_000,
  breakerRest: 1,
}

/** A gateway whose upstream is the live one, in front of whatever stands at the origin. */
export async function startLiveGateway({
  origin = nowhere,
  parts = {},
  around = (live) => live,
  ...settings
}: LiveOptions): Promise<RunningGateway> {
  const regions = { us1: origin, us2: origin, eu1: origin, ...settings.regions }
  const upstream = openLiveUpstream({
    settings: { ...waits, ...settings, regions },
    clock: { now: () => Date.now() },
    stopwatch: {
      now: () => performance.now(),
      every(milliseconds, work) {
        const rounds = setInterval(work, milliseconds)
        return () => clearInterval(rounds)
      },
    },
  })
  const gateway = await startGateway({
    limits: false,
    parts: {
      broker: {
        lend: ({ userId }) =>
          userId === 'us1.404'
            ? refuse('account_not_linked', 'The user has not linked an account.')
            : { kind: 'user-api-token', userId, token: userToken, credential: 'cred-1' },
      },
      upstream: around(upstream),
      upstreamOrigins: regions,
      ...parts,
    },
  })
  const stop = gateway[Symbol.asyncDispose]
  return {
    ...gateway,
    async [Symbol.asyncDispose]() {
      await upstream.close()
      await stop.call(gateway)
    },
  }
}

/** One call of an integration, as it is answered. */
export const call = (
  gateway: RunningGateway,
  path = '/v7/tests?aid=1101',
  init: RequestInit = {},
): Promise<AnsweredCall> =>
  callV7(`${gateway.url}${path}`, {
    ...init,
    headers: { ...bearer, ...(init.headers as Record<string, string>) },
  })
