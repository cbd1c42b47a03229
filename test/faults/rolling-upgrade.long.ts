import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { expect, onTestFinished, test } from 'vitest'
import { type ClusterProcess, type ClusterReady, startCluster } from '../cluster/cluster-process.ts'
import { earlierVersion, withoutHistory } from './earlier-version.ts'
import type { Entry } from './judge/history.ts'
import { brokenInvariants } from './judge/invariants.ts'
import { type Load, startLoad } from './load/load.ts'
import { readAudit } from './redis-ground.ts'
import { patienceMs } from './scale.ts'
import { freshFolder } from './sqlite-ground.ts'

/** Two nodes, Redis, the balancer and this client: what the machine cannot serve at all is not about versions. */
const perSecond = 40
const thisVersion = join(import.meta.dirname, '../..')

const unanswered = (history: readonly Entry[]): readonly Entry[] =>
  history.filter(({ status }) => status === 0 || status >= 500)

type Nodes = ClusterReady['nodes']

/** Which of them run the version in the folder, by the command that each process was started with. */
const running = (clone: string, nodes: Nodes): readonly boolean[] =>
  nodes.map(({ pid }) =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(join(clone, 'bin/panoptes.js')),
  )

/** Replaces the nodes one after the other, and has somebody leave while there are two versions. */
async function replaceAll(cluster: ClusterProcess, load: Load, clone: string): Promise<Nodes> {
  const leaver = await load.connect()
  cluster.child.stdin?.write(`restart ${clone}\n`)
  const restarted = cluster.told('restarted')
  await pause(1_500) // the first node is draining, or gone
  expect(await leaver.revoke()).toMatchObject({ status: 200 })
  const nodes = await restarted
  expect(await leaver.refresh()).toMatchObject({ status: 400 })
  expect(running(clone, nodes)).toEqual([true, true])
  await pause(3_000)
  return nodes
}

test(
  'R36: nodes are replaced by another version one by one, and back again, and no request fails',
  async ({ skip }) => {
    const missing = withoutHistory()
    if (missing) skip(missing)
    const earlier = earlierVersion()
    const cluster = await startCluster(['--nodes', '2', '--clone', earlier, '--', '--limits', 'off'])
    expect(running(earlier, cluster.ready.nodes)).toEqual([true, true])
    const load = await startLoad({ target: () => cluster.ready.url, perSecond, connections: 6 })
    await pause(2_000)
    await replaceAll(cluster, load, thisVersion)
    const nodes = await replaceAll(cluster, load, earlier)
    expect(load.history.length).toBeGreaterThan(300)
    expect(unanswered(load.history)).toEqual([])

    // A version that does not start stops the upgrade at the first node, and the others serve on.
    const broken = freshFolder()
    mkdirSync(join(broken, 'bin'))
    writeFileSync(join(broken, 'bin/panoptes.js'), 'process.exit(3)')
    cluster.child.stdin?.write(`restart ${broken}\n`)
    await expect(cluster.told('restarted')).rejects.toThrow('node 1 does not start')
    expect(readFileSync(`/proc/${nodes[1]?.pid}/cmdline`, 'utf8')).toContain(earlier)
    // The first one comes back as it was, and the next restart leaves it so.
    cluster.child.stdin?.write('restart\n')
    expect(running(earlier, await cluster.told('restarted'))).toEqual([true, true])
    await load.stop()
    expect(unanswered(load.history)).toEqual([])

    await load.takeStock()
    const redis = new Redis(cluster.ready.redisUrl)
    onTestFinished(() => redis.disconnect())
    const audit = await readAudit(redis)
    const logs = [cluster.complaints()]
    expect(brokenInvariants({ history: load.history, audit, logs })).toEqual([])
  },
  patienceMs,
)
