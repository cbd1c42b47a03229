/**
 * Live upstream: the v7 API of ThousandEyes, over HTTP/1.1. Owns connections, what is waited for and how long, and the one way in
 * which a request is written: from the matched operation and the lent credential, with headers from a list. Counts no budgets:
 * whoever does wraps it, as an upstream itself (docs/broker.md). Repeats nothing but a GET whose kept connection was closed.
 */
import type { Dispatcher } from 'undici'
import type { Clock } from '#domain/clock.ts'
import { type RegionId, regionIds } from '#domain/region.ts'
import type { UpstreamCredential } from '#domain/upstream-credential.ts'
import type { Upstream, UpstreamRequest } from '#upstream/upstream.ts'
import { accountGroupsRequest, readAccountGroups } from './account-groups.ts'
import { openConnecting } from './connector.ts'
import { decoded } from './decoded.ts'
import type { LiveSettings } from './live-settings.ts'
import { rateLimited } from './rate-limited.ts'
import { openRegion, type Region, type RegionStanding, type Stopwatch } from './region.ts'
import { targetOf } from './target.ts'

export interface LiveUpstream extends Upstream {
  /** For whoever watches. */
  standing(): readonly (RegionStanding & { readonly region: RegionId })[]
  /** Closes every connection. */
  close(): Promise<void>
}

export interface LiveParts {
  readonly settings: LiveSettings
  readonly clock: Clock
  readonly stopwatch: Stopwatch
}

function bearerOf(credential: UpstreamCredential): string {
  switch (credential.kind) {
    case 'user-api-token':
      return `Bearer ${credential.token}`
    case 'standing':
      throw new Error('the live upstream was lent no token')
    default:
      return credential satisfies never
  }
}

/** Name, value, name, value. No coding is asked for: links are rewritten, and what is coded would have to be decoded for it. */
function headersOf({ credential, headers, body }: UpstreamRequest): string[] {
  const list = [
    'authorization',
    bearerOf(credential),
    'accept',
    headers['accept'] ?? '*/*',
    'accept-encoding',
    'identity',
    'user-agent',
    'panoptes',
  ]
  const { 'content-type': type, 'content-length': length } = headers
  if (type !== undefined) list.push('content-type', type)
  if (body && length !== undefined) list.push('content-length', length)
  return list
}

const optionsOf = (request: UpstreamRequest): Dispatcher.DispatchOptions => ({
  method: request.operation.method,
  path: targetOf(request),
  headers: headersOf(request),
  body: request.body ?? null,
})

export function openLiveUpstream({ settings, clock, stopwatch }: LiveParts): LiveUpstream {
  const connecting = openConnecting(settings)
  const regions = new Map<RegionId, Region>(
    regionIds.map((id) => [
      id,
      openRegion({ origin: settings.regions[id], connecting, settings, stopwatch }),
    ]),
  )
  const regionOf = (id: RegionId): Region => regions.get(id) as Region

  async function send(request: UpstreamRequest) {
    const answer = await regionOf(request.region).ask(optionsOf(request), request)
    return decoded(rateLimited(answer, clock.now()))
  }

  return {
    send,
    accountGroups: async (region, credential) =>
      readAccountGroups(await send(accountGroupsRequest(region, credential))),
    standing: () => [...regions].map(([region, one]) => ({ region, ...one.standing() })),
    async close() {
      await Promise.all([...regions.values()].map((region) => region.close()))
      await connecting.close()
    },
  }
}
