/**
 * What a scenario of a bad upstream stands on: a broker whose regions us1 and us2 are at an upstream that goes bad, and whose eu1 is at a good one, where
 * clients call and refresh all the time. What all others are answered is the scenario's affair.
 */
import { expect, onTestFinished } from 'vitest'
import type { RegionId } from '#domain/region.ts'
import type { Pem } from '../live/certificates.ts'
import { type AnsweredCall, callV7 } from '../support/call-v7.ts'
import { type BrokerUser, brokerGround, clientGround, linkedClient } from './broker-ground.ts'
import { type CountingUpstream, emailOf, startCountingUpstream, userTokenOf } from './counting-upstream.ts'
import { startCalling } from './load/calling.ts'
import type { Client } from './load/client.ts'
import type { Pacing } from './load/pace.ts'
import type { NodeParts, NodeProcess } from './node-process.ts'
import { inTurn, startNodes } from './redis-ground.ts'
import { rounds } from './scale.ts'
import { expectSound } from './sqlite-ground.ts'

export interface BadUpstreamParts {
  /** Lines of YAML below `upstream:`. */
  readonly settings?: readonly string[]
  /** Of the upstream that goes bad, for https. */
  readonly tls?: Pem
  readonly node?: Pick<NodeParts, 'environment' | 'isInspected'>
  /** So many on one file; one where it is left out. */
  readonly nodes?: number
  /** Nobody calls in eu1 before `begin`. */
  readonly isCalm?: boolean
}

export interface TimedCall extends AnsweredCall {
  /** Until the whole answer was there. */
  readonly ms: number
}

export interface BadUpstreamGround {
  /** That of us1 and us2. */
  readonly upstream: CountingUpstream
  /** That of eu1. */
  readonly elsewhere: CountingUpstream
  readonly node: NodeProcess
  /** The load, where the ground was calm. */
  begin(): void
  /** In a pause of the load. Access tokens may be over afterwards, so that everybody gets new ones. */
  pausedFor(work: () => void): Promise<void>
  /** A user who is linked and connected. */
  connect(user: BrokerUser): Promise<Client>
  /** So many of them, in each region. */
  connectMany(count: number, regions?: readonly RegionId[]): Promise<readonly Client[]>
  /** A v7 call that the judge does not hear of, at each node in its turn. @throws when no whole answer came */
  ask(client: Client, path?: string, init?: RequestInit): Promise<TimedCall>
  /**
   * All is well again: everybody still is connected, the load saw what it may, and the invariants hold.
   * @param loadSaw what calls in eu1 were answered but 200, by the code of a problem or the status, besides those of a machine that has too much to do
   */
  finish(loadSaw?: readonly string[]): Promise<void>
}

/** As the settings have it by default. */
const budget = 100
const good = { first: 901, count: rounds(6, 3) }
/** A call of a broker is two requests, and one of them is answered here. */
const perSecond = rounds(200, 40)

const secretsOf = (client: Client): readonly string[] => [
  ...[0, 1, 2].map((issue) => userTokenOf(emailOf(client.chain), issue)),
  ...[client.accessToken(), client.refreshToken()],
]

/** @returns once clients of eu1 call, if they do */
export async function badUpstreamGround(parts: BadUpstreamParts = {}): Promise<BadUpstreamGround> {
  const { settings = [], tls, nodes: count = 1, node: nodeParts = {}, isCalm = false } = parts
  const upstream = await startCountingUpstream(tls)
  const elsewhere = await startCountingUpstream()
  const regions = `regions: { us1: '${upstream.origin}', us2: '${upstream.origin}', eu1: '${elsewhere.origin}' }`
  const ground = brokerGround({
    keys: 'a',
    // Each call is one of its own, and what an organization may do is tried only where an answer tells it.
    upstream: [regions, 'organizationPerMinute: 1000000', 'coalesce: false', ...settings],
  })
  const nodes = await startNodes({ ...ground, ...nodeParts }, count)
  const [node] = nodes as readonly [NodeProcess]
  const target = inTurn(nodes)
  const clients = clientGround(target)
  const connected: Client[] = []
  const connect = async (user: BrokerUser): Promise<Client> => {
    const client = await linkedClient(node, { ...clients, ...user })
    connected.push(client)
    return client
  }
  for (let number = 0; number < good.count; number += 1)
    await connect({ number: good.first + number, region: 'eu1' })
  const callers = [...connected]
  let load: Pacing | undefined
  const begin = (): void => {
    load ??= startCalling(callers, perSecond)
  }
  onTestFinished(() => load?.stop())
  if (!isCalm) begin()
  return {
    ...{ upstream, elsewhere, node, connect, begin },
    async pausedFor(work) {
      await load?.stop()
      work()
      for (const client of connected) expect(await client.refresh()).toMatchObject({ status: 200 })
      if (load) load = startCalling(callers, perSecond)
    },
    async connectMany(count, regionsOfAll = ['us1']) {
      const many: Client[] = []
      for (const region of regionsOfAll)
        for (let one = 0; one < count; one += 1) many.push(await connect({ number: many.length + 1, region }))
      return many
    },
    async ask(client, path = '/v7/tests?aid=1101', init = {}) {
      const begun = performance.now()
      const headers = { ...(init.headers as Record<string, string>) }
      const answer = await callV7(`${target()}${path}`, {
        ...init,
        headers: { ...headers, authorization: `Bearer ${client.accessToken()}` },
      })
      return { ...answer, ms: performance.now() - begun }
    },
    async finish(loadSaw = []) {
      await load?.stop()
      const calls = clients.history.filter(({ kind }) => kind === 'call')
      const least = loadSaw.length === 0 ? calls.length / 2 : 0
      expect(calls.filter(({ status }) => status === 200).length).toBeGreaterThan(least)
      const codes = new Set(calls.map(({ status, code }) => code ?? String(status)))
      // Whether a token may be refused is the judge's to say.
      const mayBe = ['200', '401', 'overloaded', ...loadSaw]
      expect([...codes].filter((code) => !mayBe.includes(code))).toEqual([])
      const first = connected.flatMap(secretsOf)
      for (const client of connected) expect(await client.refresh()).toMatchObject({ status: 200 })
      await Promise.all(nodes.map((one) => one.kill()))
      expectSound(ground.database, {
        history: clients.history,
        upstream: { answers: [...upstream.answers, ...elsewhere.answers], budget },
        logs: nodes.map((one) => one.log()),
        secrets: [...first, ...connected.flatMap(secretsOf)],
      })
    },
  }
}
