import { Agent } from 'node:http'
import { send } from '../../support/send.ts'
import { benchCluster, clientId, mint, type Tokens } from '../bench-cluster.ts'
import { type Row, rowOf, type Scenario } from '../row.ts'
import { cores, pinLoad, processorMicroseconds, unpinLoad } from '../server-process.ts'

const rounds = 8
const warmUpRounds = 4
const roundMs = 2_000
const connectionsOfNode = 16
/** Of ten requests so many are refreshes, the others are v7 calls. */
const refreshesOfTen = 3
const scenario = 'two-nodes'
/** Two nodes, Redis, and the load. */
const coresNeeded = 4
const hasCores = cores >= coresNeeded

interface Nodes {
  readonly urls: readonly string[]
  readonly pids: readonly number[]
  readonly connections: Tokens[]
}

interface Measured {
  readonly perSecond: number
  readonly perCpuSecond: number
}

const cpuOf = ({ pids }: Nodes): number =>
  pids.reduce((sum, pid) => sum + processorMicroseconds(pid), 0) / 1e6

/** One client that refreshes and calls in turn, a connection of its own. @returns how many requests were answered */
async function client(agent: Agent, nodes: Nodes, at: number, endsAt: number): Promise<number> {
  const url = nodes.urls[at % nodes.urls.length] ?? ''
  let count = 0
  for (; performance.now() < endsAt; count += 1) {
    const { access_token: token, refresh_token } = nodes.connections[at] as Tokens
    const isRefresh = count % 10 < refreshesOfTen
    const form = new URLSearchParams({ client_id: clientId, grant_type: 'refresh_token', refresh_token })
    const { status, body } = await (isRefresh
      ? send(agent, `${url}/v7/oauth2/token`, { form: form.toString() })
      : send(agent, `${url}/v7/account-groups`, { authorization: `Bearer ${token}` }))
    if (status !== 200) throw new Error(`a request was answered ${status}: ${body}`)
    if (isRefresh) nodes.connections[at] = JSON.parse(body) as Tokens
  }
  return count
}

async function measure(agent: Agent, nodes: Nodes): Promise<Measured> {
  const cpu = cpuOf(nodes)
  const startedAt = performance.now()
  const endsAt = startedAt + roundMs
  const counts = await Promise.all(nodes.connections.map((_, at) => client(agent, nodes, at, endsAt)))
  const count = counts.reduce((sum, one) => sum + one, 0)
  return {
    perSecond: (count / (performance.now() - startedAt)) * 1_000,
    perCpuSecond: count / (cpuOf(nodes) - cpu),
  }
}

/** The same nodes serve alone and together, in turn. */
async function run(): Promise<readonly Row[]> {
  unpinLoad()
  const cluster = await benchCluster(2)
  const agent = new Agent({ keepAlive: true })
  const measured: { both: Measured; one: Measured }[] = []
  try {
    const standing = cluster.nodes()
    const nodesOf = async (count: number): Promise<Nodes> => {
      const some = standing.slice(0, count)
      const [urls, pids] = [some.map(({ url }) => url), some.map(({ pid }) => pid)]
      const connections: Tokens[] = []
      while (connections.length < count * connectionsOfNode) connections.push(await mint(urls[0] ?? ''))
      return { urls, pids, connections }
    }
    const [two, one] = [await nodesOf(2), await nodesOf(1)]
    for (let round = 0; round < warmUpRounds + rounds; round += 1) {
      const both = { both: await measure(agent, two), one: await measure(agent, one) }
      if (round >= warmUpRounds) measured.push(both)
    }
  } finally {
    agent.destroy()
    await cluster.stop()
    pinLoad()
  }
  const where = hasCores ? '' : `, on ${cores} cores with Redis and the load`
  const names = { scenario, subject: `two nodes on one Redis${where}`, peer: 'one of them' }
  const rowFor = (metric: string, pick: (one: Measured) => number): Row =>
    rowOf(
      { ...names, metric },
      measured.map(({ both, one }) => ({ subject: pick(both), peer: pick(one) })),
    )
  return [
    rowFor('requests per second', ({ perSecond }) => perSecond),
    rowFor('requests per second of node CPU', ({ perCpuSecond }) => perCpuSecond),
  ]
}

export const twoNodes: Scenario = {
  name: scenario,
  goals: [
    ...(hasCores
      ? [
          {
            scenario,
            metric: 'requests per second',
            holds: ({ ratio }: Row) => ratio >= 1.7,
            text: 'at least 1.7 of one',
          },
        ]
      : []),
    {
      scenario,
      metric: 'requests per second of node CPU',
      // Half of 1.7: what a second node costs the first one, whatever cores there are.
      holds: ({ ratio }) => ratio >= 0.85,
      text: 'at least 0.85 of one',
    },
  ],
  run,
}
