import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startAlternating } from './alternating.ts'
import { earlierVersion, withoutHistory } from './earlier-version.ts'
import { brokenInvariants } from './judge/invariants.ts'
import { startLoad } from './load/load.ts'
import { readAudit, redisOptions, redisProcess } from './redis-ground.ts'
import { patienceMs, perSecond, rounds } from './scale.ts'
import { crossVersions } from './two-versions.ts'

/** Announcements take milliseconds, and the earlier version is not waited for: it does not know that it is asked (DECISIONS 144). */
const unheardMs = 250

test(
  'R36: two versions on one Redis, asked in turn, read and end what the other one began',
  async ({ skip }) => {
    const missing = withoutHistory()
    if (missing) skip(missing)
    const redis = await redisProcess()
    const options = redisOptions(`redis://127.0.0.1:${redis.port}`, ['trustedProxies: [127.0.0.1]'])
    const place = await startAlternating({ options }, [earlierVersion(), undefined])
    const load = await startLoad({ target: () => place.url, perSecond })
    await pause(rounds(20_000, 2_000))
    await load.stop()
    await crossVersions(place, load, unheardMs)
    await load.takeStock()
    const audit = await readAudit(redis.client)
    const logs = place.nodes.map((node) => node.log())
    expect(load.history.length).toBeGreaterThan(200)
    expect(brokenInvariants({ history: load.history, audit, logs })).toEqual([])
  },
  patienceMs,
)
