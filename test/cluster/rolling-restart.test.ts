import { setTimeout as pause } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { type Client, connectClient, underLoad } from './clients.ts'
import { startCluster } from './cluster-process.ts'
import { brokenPromises, type Entry } from './history.ts'

const chains = 6

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await pause(50)
}

const isReady = async (operatorUrl: string): Promise<boolean> =>
  fetch(`${operatorUrl}/health/ready`).then(
    ({ ok }) => ok,
    () => false,
  )

async function connectClients(
  url: string,
): Promise<{ clients: readonly Client[]; history: readonly Entry[] }> {
  const history: Entry[] = []
  const clients: Client[] = []
  for (let chain = 0; chain < chains; chain += 1)
    clients.push(await connectClient(url, chain, (entry) => history.push(entry)))
  onTestFinished(() => clients.forEach((client) => void client.close()))
  return { clients, history }
}

/** What a client that behaves saw while nothing of its own was wrong. */
const countOf = (history: readonly Entry[], status: number): number =>
  history.filter((entry) => entry.status === status).length

test('clients notice nothing of a rolling restart, and of a killed node no more than requests without an answer', async () => {
  const cluster = await startCluster(['--nodes', '2', '--', '--limits', 'off'])
  const { clients, history } = await connectClients(cluster.ready.url)
  const [revoked, ...kept] = clients as readonly [Client, ...Client[]]
  const stopLoad = underLoad(clients)

  cluster.child.stdin?.write('restart\n')
  const restarted = cluster.told('restarted')
  await pause(1_500) // the first node is draining, or gone
  expect(await revoked.revoke()).toMatchObject({ status: 200 })
  const nodes = await restarted
  const before = cluster.ready.nodes.map(({ pid }) => pid)
  expect(nodes).toHaveLength(2)
  expect(nodes.filter(({ pid }) => before.includes(pid))).toEqual([])
  const untilHere = history.filter(({ chain }) => chain !== revoked.chain)
  expect(untilHere.length).toBeGreaterThan(200)
  expect(untilHere.filter(({ status }) => status !== 200)).toEqual([])
  expect(brokenPromises(history)).toEqual([])

  // kill -9, one node after the other: R01 to R03.
  for (const { pid, operatorUrl } of nodes) {
    process.kill(pid, 'SIGKILL')
    await until(() => Promise.resolve(cluster.complaints().includes(`(process ${pid}) ended: SIGKILL`)))
    await until(() => isReady(operatorUrl))
    await pause(300)
  }
  await stopLoad()
  expect(brokenPromises(history)).toEqual([])
  const afterKills = history.filter(({ chain }) => chain !== revoked.chain)
  const honest = [200, 502, 503, 0].map((status) => countOf(afterKills, status))
  expect(honest.reduce((sum, count) => sum + count, 0)).toBe(afterKills.length)
  // A node has some requests at a time, not all of them.
  expect(afterKills.length - countOf(afterKills, 200)).toBeLessThan(2 * 3 * chains)

  for (const client of kept) {
    expect(await client.refresh()).toMatchObject({ status: 200 })
    expect(await client.call()).toMatchObject({ status: 200 })
    // The one leaf lives; whatever was spent before is dead, and presenting it ends the chain.
    expect(await client.presentAgain(client.first)).toBe(400)
  }
  expect(await revoked.refresh()).toMatchObject({ status: 400 })
  expect(await revoked.call()).toMatchObject({ status: 401 })
}, 90_000) // some 25 s where nothing else runs
