import { Agent } from 'node:http'
import { cpus } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { type Answered, send } from '../../support/send.ts'
import { benchCluster, clientId, mint, patiently, type Tokens } from '../bench-cluster.ts'
import { type Row, rowOf, type Scenario } from '../row.ts'
import { cores, pinLoad, unpinLoad } from '../server-process.ts'

const nodes = 4
const revocations = 900
const goalMs = 10
/** Until neither nodes nor load get faster. */
const warmUps = 150
/** So that revocations are a small part of the load. */
const betweenMs = 30
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
    const { status, body } = await patiently(() =>
      isRefresh ? send(agent, `${url}/v7/oauth2/token`, { form }) : call(agent, url, tokens.access_token),
    )
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

/** Calls one node, again and again while it accepts, or cannot tell. @returns the first refusal */
async function untilRefused(agent: Agent, url: string, token: string): Promise<Refusal> {
  for (let acceptedAt = 0; ; ) {
    let sentAt = 0
    const { status } = await patiently(() => {
      sentAt = performance.now()
      return call(agent, url, token)
    })
    if (status === 401) return { at: performance.now(), acceptedAt }
    if (status !== 200) throw new Error(`a call was answered ${status}`)
    acceptedAt = sentAt
  }
}

/** Milliseconds. */
interface Delay {
  /** From the request to revoke to its answer, which waits until every node has heard. */
  readonly answered: number
  /** From that answer until the answer 401 of the last node was there: what it takes to call is part of it. */
  readonly refused: number
  /** From that answer until the last call went out that any node accepted; 0 when none did that went out after it. */
  readonly accepted: number
  /** The same calls a moment later, when nobody can doubt any more: what it takes to call. */
  readonly longDead: number
}

/**
 * Every node has the connection at hand; at the instant of the answer to the revocation all of them are called. Nobody is watched before:
 * four nodes that are called all the time are more load than what is measured.
 */
async function revokeOnce(urls: readonly string[], agents: readonly Agent[], turn: number): Promise<Delay> {
  const [revoking] = agents as readonly [Agent]
  const own = urls[turn % urls.length] ?? ''
  const tokens = await mint(own)
  const each = <Result>(ask: (agent: Agent, url: string, token: string) => Promise<Result>) =>
    Promise.all(urls.map((url, at) => ask(agents[at + 1] ?? revoking, url, tokens.access_token)))
  for (const { status } of await each((...asked) => patiently(() => call(...asked))))
    if (status !== 200) throw new Error(`a call was answered ${status}`)
  await wait(betweenMs)
  const form = formOf({ token: tokens.refresh_token })
  const sentAt = performance.now()
  const { status } = await patiently(() => send(revoking, `${own}/v7/oauth2/revoke`, { form }))
  const revokedAt = performance.now()
  if (status !== 200) throw new Error(`a revocation was answered ${status}`)
  const all = await each(untilRefused)
  await wait(betweenMs)
  const againAt = performance.now()
  const again = await each(untilRefused)
  return {
    answered: revokedAt - sentAt,
    refused: Math.max(...all.map(({ at }) => at - revokedAt)),
    accepted: Math.max(0, ...all.map(({ acceptedAt }) => acceptedAt - revokedAt)),
    longDead: Math.max(...again.map(({ at }) => at - againAt)),
  }
}

/** @returns tells how much of the cores' time was used since it was asked to begin, by anybody, from 0 to 1 */
function utilisation(): () => number {
  const look = (): { busy: number; all: number } => {
    const times = cpus().map(({ times: { idle, ...rest } }) => ({
      idle,
      busy: Object.values(rest).reduce((sum, one) => sum + one, 0),
    }))
    const busy = times.reduce((sum, one) => sum + one.busy, 0)
    return { busy, all: busy + times.reduce((sum, one) => sum + one.idle, 0) }
  }
  const before = look()
  return () => {
    const now = look()
    return (now.busy - before.busy) / (now.all - before.all)
  }
}

const percentile = (values: readonly number[], part: number): number =>
  values.toSorted((one, other) => one - other)[Math.ceil(values.length * part) - 1] ?? 0

interface Measured {
  readonly delays: readonly Delay[]
  /** Of the load alone. */
  readonly perSecond: number
  readonly utilisation: number
}

async function measure(urls: readonly string[], agents: readonly Agent[]): Promise<Measured> {
  const connections: Tokens[] = []
  for (let at = 0; at < loadConnections; at += 1) connections.push(await mint(urls[0] ?? ''))
  // The first call of a node takes a quarter of a second.
  for (const url of urls) await call(agents[0] as Agent, url, connections[0]?.access_token ?? '')
  const stop = underLoad(urls, connections)
  for (let turn = 0; turn < warmUps; turn += 1) await revokeOnce(urls, agents, turn)
  const used = utilisation()
  const delays: Delay[] = []
  for (let turn = 0; turn < revocations; turn += 1) delays.push(await revokeOnce(urls, agents, turn))
  return { delays, utilisation: used(), perSecond: await stop() }
}

async function run(): Promise<readonly Row[]> {
  unpinLoad()
  const cluster = await benchCluster(nodes)
  const agents = Array.from({ length: nodes + 1 }, () => new Agent({ keepAlive: true }))
  try {
    const measured = await measure(
      cluster.nodes().map(({ url }) => url),
      agents,
    )
    return rowsOf(measured)
  } finally {
    for (const agent of agents) agent.destroy()
    await cluster.stop()
    pinLoad()
  }
}

function rowsOf({ delays, perSecond, utilisation: used }: Measured): readonly Row[] {
  const load = `${perSecond.toFixed(0)} requests per second beside, ${cores} cores used to ${(100 * used).toFixed(0)} %`
  const names = { scenario: 'revocation-delay', subject: `the last of ${nodes} nodes on one Redis, ${load}` }
  type Of = (one: Delay) => number
  const both = (metric: string, subject: Of, peer: { readonly name: string; readonly of: Of }): Row[] =>
    [0.5, 0.99].map((part) =>
      rowOf({ ...names, peer: peer.name, metric: `${metric}, p${100 * part}` }, [
        { subject: percentile(delays.map(subject), part), peer: percentile(delays.map(peer.of), part) },
      ]),
    )
  const later = { name: 'the same calls a moment later', of: ({ longDead }: Delay) => longDead }
  const goal = { name: 'the goal', of: () => goalMs }
  return [
    ...both('ms until refused', ({ refused }) => refused, later),
    ...both('ms in which calls were still accepted', ({ accepted }) => accepted, goal),
    ...both('ms that a revocation took', ({ answered }) => answered, goal),
  ]
}

export const revocationDelay: Scenario = {
  name: 'revocation-delay',
  goals: ['ms until refused, p99', 'ms in which calls were still accepted, p99'].map((metric) => ({
    scenario: 'revocation-delay',
    metric,
    holds: ({ subjectValue }) => subjectValue < goalMs,
    text: 'below 10 ms',
  })),
  run,
}
