import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startAlternating } from './alternating.ts'
import { earlierVersion, withoutHistory } from './earlier-version.ts'
import { startLoad } from './load/load.ts'
import { patienceMs, perSecond, rounds } from './scale.ts'
import { expectSound, sqliteGround } from './sqlite-ground.ts'
import { crossVersions } from './two-versions.ts'

test(
  'R36: two versions on one file, asked in turn, read and end what the other one began',
  async ({ skip }) => {
    const missing = withoutHistory()
    if (missing) skip(missing)
    const ground = sqliteGround(undefined, ['trustedProxies: [127.0.0.1]'])
    const place = await startAlternating(ground, [earlierVersion(), undefined])
    const load = await startLoad({ target: () => place.url, perSecond })
    await pause(rounds(20_000, 2_000))
    await load.stop()
    await crossVersions(place, load)
    await load.takeStock()
    await Promise.all(place.nodes.map((node) => node.kill()))
    expect(load.history.length).toBeGreaterThan(200)
    expectSound(ground.database, { history: load.history, logs: place.nodes.map((node) => node.log()) })
  },
  patienceMs,
)
