import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectDevice } from '../connect-device.ts'
import { openEmulator } from '../open-emulator.ts'
import { pairedRounds, type Side } from '../paired-rounds.ts'
import type { Row, Scenario } from '../row.ts'
import { answerOf, getLoad } from '../same-bytes.ts'
import { startServer } from '../server-process.ts'

const name = 'large-list'
const connections = 4
const roundMs = 2_000

interface Place {
  readonly list: string
  /** Where a PUT changes one of the objects. */
  readonly one: string
  readonly token: string
}

let changes = 0

/** Writes and lists in turn: what was kept of the list is stale each time. Pairs are counted. */
const changingLoad =
  ({ list, one, token }: Place): Side['load'] =>
  async () => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const startedAt = performance.now()
    let count = 0
    for (; performance.now() - startedAt < roundMs; count += 1) {
      changes += 1
      const body = JSON.stringify({
        url: 'https://portal.example',
        interval: 300,
        agents: [{ agentId: '3' }],
        description: `change ${changes}`,
      })
      const put = await fetch(one, { method: 'PUT', headers, body })
      await put.arrayBuffer()
      if (!put.ok) throw new Error(`${one} answered ${put.status}`)
      await answerOf(list, token)
    }
    return { count, seconds: (performance.now() - startedAt) / 1_000 }
  }

/** A list of 2,000 tests beside a bare server that serializes the same objects for each request. */
async function run(): Promise<readonly Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'panoptes-bench-'))
  try {
    await using ours = await openEmulator(['--seed', 'large'])
    const origin = String(ours.ready['url'])
    const access = await connectDevice(origin, 'tests:manage')
    const token = access['access_token'] ?? ''
    const { body, type } = await answerOf(`${origin}/v7/tests`, token)
    const count = (JSON.parse(body.toString()) as { tests: unknown[] }).tests.length
    if (count !== 2_000) throw new Error(`the list has ${count} tests`)
    const file = join(directory, 'list.json')
    writeFileSync(file, body)
    await using bare = await startServer(['test/bench/peers/bare-json.ts', file, type])
    const placeOf = (url: string): Place => ({
      list: `${url}/v7/tests`,
      one: `${url}/v7/tests/http-server/11013001`,
      token,
    })
    const [our, their] = [placeOf(origin), placeOf(String(bare.ready['url']))]
    const subject = `Panoptes, GET /v7/tests with an access token, 2,000 tests, ${body.length} bytes`
    const peer = 'node:http, the same objects serialized for each request'
    return [
      ...(await pairedRounds(
        { scenario: name, subject, peer, unit: 'lists' },
        { server: ours, load: getLoad({ url: our.list, token, connections }) },
        { server: bare, load: getLoad({ url: their.list, token, connections }) },
      )),
      ...(await pairedRounds(
        { scenario: name, subject, peer, unit: 'lists, a write before each,' },
        { server: ours, load: changingLoad(our) },
        { server: bare, load: changingLoad(their) },
      )),
    ]
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const atLeast = (metric: string) => ({
  scenario: name,
  metric,
  holds: ({ ratio }: Row): boolean => ratio >= 0.7,
  text: 'at least 0.7 of bare node:http',
})

/** The goal names no writes; with one before each list it is held as well, by processor time, as a lone client is no load by the clock. */
export const largeList: Scenario = {
  name,
  goals: [
    atLeast('lists per second'),
    atLeast('lists per second of server CPU'),
    atLeast('lists, a write before each, per second of server CPU'),
  ],
  run,
}
