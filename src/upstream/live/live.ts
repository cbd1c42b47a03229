/**
 * Live upstream: the v7 API of ThousandEyes, over HTTP/1.1. Owns connections and what is waited for; the gateway in front has
 * matched the operation, and the credential is the broker's.
 */
import { Pool } from 'undici'
import { type RegionId, regionIds } from '#domain/region.ts'
import { type Upstream, UpstreamUnavailable } from '#upstream/upstream.ts'
import type { LiveSettings } from './live-settings.ts'

export interface LiveUpstream extends Upstream {
  /** Closes every connection. */
  close(): Promise<void>
}

export function openLiveUpstream(settings: LiveSettings): LiveUpstream {
  const pools = new Map<RegionId, Pool>(
    regionIds.map((region) => [region, new Pool(settings.regions[region], { allowH2: false })]),
  )
  return {
    send() {
      throw new UpstreamUnavailable('unreachable')
    },
    accountGroups() {
      throw new UpstreamUnavailable('unreachable')
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()))
    },
  }
}
