import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Entry } from '../faults/judge/history.ts'
import { brokenInvariants } from '../faults/judge/invariants.ts'
import { startLoad } from '../faults/load/load.ts'
import { refresh } from '../steps/requests.ts'
import { startCluster } from './cluster-process.ts'

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await pause(50)
}

const isReady = async (operatorUrl: string): Promise<boolean> =>
  fetch(`${operatorUrl}/health/ready`).then(
    ({ ok }) => ok,
    () => false,
  )

/** The nodes, Redis, the balancer and this client share a machine with other tests: what it cannot serve at all is not about restarts. */
const perSecond = 40

const unanswered = (history: readonly Entry[]): readonly Entry[] =>
  history.filter(({ status }) => status === 0 || status >= 500)

test('clients notice nothing of a rolling restart, and of a killed node no more than requests without an answer', async () => {
  const cluster = await startCluster(['--nodes', '2', '--', '--limits', 'off'])
  const load = await startLoad({ target: () => cluster.ready.url, perSecond, connections: 6 })
  const leaver = await load.connect()
  const spentLong = load.living().map((client) => client.refreshToken())

  cluster.child.stdin?.write('restart\n')
  const restarted = cluster.told('restarted')
  await pause(1_500) // the first node is draining, or gone
  expect(await leaver.revoke()).toMatchObject({ status: 200 })
  const nodes = await restarted
  const before = cluster.ready.nodes.map(({ pid }) => pid)
  expect(nodes).toHaveLength(2)
  expect(nodes.filter(({ pid }) => before.includes(pid))).toEqual([])
  expect(load.history.length).toBeGreaterThan(100)
  expect(unanswered(load.history)).toEqual([])
  expect(brokenInvariants({ history: load.history })).toEqual([])

  // kill -9, one node after the other: R01 to R03.
  for (const { pid, operatorUrl } of nodes) {
    process.kill(pid, 'SIGKILL')
    await until(() => Promise.resolve(cluster.complaints().includes(`(process ${pid}) ended: SIGKILL`)))
    await until(() => isReady(operatorUrl))
    await pause(300)
  }
  await load.stop()
  // A node has some requests at a time, not all of them.
  expect(unanswered(load.history).length).toBeLessThan(60)
  await load.takeStock()
  expect(await leaver.refresh()).toMatchObject({ status: 400 })
  expect(await leaver.call()).toMatchObject({ status: 401 })
  expect(brokenInvariants({ history: load.history })).toEqual([])
  // Whatever was spent before is dead.
  for (const token of spentLong) expect((await refresh(cluster.ready, token)).status).toBe(400)
}, 180_000) // some 25 s where nothing else runs
