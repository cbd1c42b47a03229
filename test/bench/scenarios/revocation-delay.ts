import { Agent } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { type Answered, send } from '../../support/send.ts'
import { benchCluster, clientId, mint, type Tokens } from '../bench-cluster.ts'
import { type Row, rowOf, type Scenario } from '../row.ts'
import { pinLoad, unpinLoad } from '../server-process.ts'

const nodes = 4
const revocations = 300
const goalMs = 10
/** One request each, in turn over the nodes: 200 a second (reliability 3), seven calls and three refreshes of ten. */
const loadEveryMs = 5
const loadConnections = 20

const call = (agent: Agent, url: string, token: string): Promise<Answered> =>
  send(agent, `${url}/v7/account-groups`, { authorization: `Bearer ${token}` })

const formOf = (fields: Readonly<Record<string, string>>): string =>
  new URLSearchParams({ client_id: clientId, ...fields }).toString()

/** @returns ends it, and says how many requests a second were answered; each of them has to be */
function underLoad(urls: readonly string[], connections: Tokens[]): () => Promise<number> {
  const agent = new Agent({ keepAlive: true })
  const underWay = new Set<Promise<void>>()
  const busy = new Set<number>()
  const startedAt = performance.now()
  let answered = 0
  let failure: Error | undefined

  async function request(count: number): Promise<void> {
    const url = urls[count % urls.length] ?? ''
    const at = count % connections.length
    const tokens = connections[at] as Tokens
    const isRefresh = count % 10 < 3 && !busy.has(at)
    if (isRefresh) busy.add(at)
    const form = formOf({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token })
    const { status, body } = await (isRefresh
      ? send(agent, `${url}/v7/oauth2/token`, { form })
      : call(agent, url, tokens.access_token))
    if (status !== 200) failure ??= new Error(`a request of the load was answered ${status}: ${body}`)
    else answered += 1
    if (!isRefresh) return
    if (status === 200) connections[at] = JSON.parse(body) as Tokens
    busy.delete(at)
  }

  let count = 0
  const timer = setInterval(() => {
    // A timer that was late makes up for it.
    for (; count < (performance.now() - startedAt) / loadEveryMs; count += 1) {
      const one = request(count).finally(() => underWay.delete(one))
      underWay.add(one)
    }
  }, loadEveryMs)
  return async () => {
    clearInterval(timer)
    await Promise.all(underWay)
    agent.destroy()
    if (failure) throw failure
    return answered / ((performance.now() - startedAt) / 1000)
  }
}

interface Refusal {
  /** When the answer 401 was there. */
  readonly at: number
  /** When the last call went out that was accepted. */
  readonly acceptedAt: number
}

/** Between two calls of a node that is watched: four loops without it would be more load than what is measured. */
const watchEveryMs = 1

/** Calls one node again and again. @returns the first refusal */
async function untilRefused(agent: Agent, url: string, token: string): Promise<Refusal> {
  for (let acceptedAt = 0; ; ) {
    const sentAt = performance.now()
    const { status } = await call(agent, url, token)
    if (status === 401) return { at: performance.now(), acceptedAt }
    if (status !== 200) throw new Error(`a call was answered ${status}`)
    acceptedAt = sentAt
    await wait(watchEveryMs)
  }
}

/** Milliseconds from the answer to a revocation. */
interface Delay {
  /** Until the answer 401 of the last node was there: what it takes to call is part of it. */
  readonly refused: number
  /** Until the last call went out that any node accepted; 0 when none did that went out after the answer. */
  readonly accepted: number
}

async function revokeOnce(urls: readonly string[], agents: readonly Agent[], turn: number): Promise<Delay> {
  const [revoking] = agents as readonly [Agent]
  const own = urls[turn % urls.length] ?? ''
  const tokens = await mint(own)
  const refusals = urls.map((url, at) => untilRefused(agents[at + 1] ?? revoking, url, tokens.access_token))
  await wait(20) // every node has the connection at hand
  const form = formOf({ token: tokens.refresh_token })
  const { status } = await send(revoking, `${own}/v7/oauth2/revoke`, { form })
  const revokedAt = performance.now()
  if (status !== 200) throw new Error(`a revocation was answered ${status}`)
  const all = await Promise.all(refusals)
  return {
    refused: Math.max(0, ...all.map(({ at }) => at - revokedAt)),
    accepted: Math.max(0, ...all.map(({ acceptedAt }) => acceptedAt - revokedAt)),
  }
}

const percentile = (values: readonly number[], part: number): number =>
  values.toSorted((one, other) => one - other)[Math.ceil(values.length * part) - 1] ?? 0

async function run(): Promise<readonly Row[]> {
  unpinLoad()
  const cluster = await benchCluster(nodes)
  const agents = Array.from({ length: nodes + 1 }, () => new Agent({ keepAlive: true }))
  const delays: Delay[] = []
  let perSecond = 0
  try {
    const urls = cluster.nodes().map(({ url }) => url)
    const connections: Tokens[] = []
    for (let at = 0; at < loadConnections; at += 1) connections.push(await mint(urls[0] ?? ''))
    const stop = underLoad(urls, connections)
    await wait(2_000)
    for (let turn = 0; turn < revocations; turn += 1) delays.push(await revokeOnce(urls, agents, turn))
    perSecond = await stop()
  } finally {
    for (const agent of agents) agent.destroy()
    await cluster.stop()
    pinLoad()
  }
  const names = {
    scenario: 'revocation-delay',
    subject: `the last of ${nodes} nodes on one Redis, ${perSecond.toFixed(0)} requests per second beside`,
    peer: 'the goal',
  }
  const row = (metric: string, values: readonly number[], part: number): Row =>
    rowOf({ ...names, metric }, [{ subject: percentile(values, part), peer: goalMs }])
  const [refused, accepted] = [delays.map((one) => one.refused), delays.map((one) => one.accepted)]
  return [
    row('ms until refused, p50', refused, 0.5),
    row('ms until refused, p99', refused, 0.99),
    row('ms in which calls were still accepted, p50', accepted, 0.5),
    row('ms in which calls were still accepted, p99', accepted, 0.99),
  ]
}

export const revocationDelay: Scenario = {
  name: 'revocation-delay',
  goals: [
    {
      scenario: 'revocation-delay',
      metric: 'ms until refused, p99',
      holds: ({ ratio }) => ratio < 1,
      text: 'below 10 ms',
    },
    {
      scenario: 'revocation-delay',
      metric: 'ms in which calls were still accepted, p99',
      holds: ({ ratio }) => ratio < 1,
      text: 'below 10 ms',
    },
  ],
  run,
}
