import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import autocannon from 'autocannon'
import { startBrokerSides } from '../broker-sides.ts'
import { idleClients } from '../idle-clients.ts'
import { pairedRounds } from '../paired-rounds.ts'
import { startNginx } from '../peers/nginx.ts'
import type { Row, Scenario } from '../row.ts'
import type { ServerProcess } from '../server-process.ts'

const scenario = 'broker'
const subject = 'Panoptes, a broker with all checks, links rewritten'
const path = '/v7/tests?aid=1101'
const connections = 32
const roundSeconds = 1
const idle = 10_000
const megabyte = 1024 * 1024

type Headers = Readonly<Record<string, string>>

const urlOf = (server: ServerProcess): string => `${String(server.ready['url'])}${path}`

const loadOf = (server: ServerProcess, headers: Headers) => async () => {
  const url = urlOf(server)
  const result = await autocannon({ url, connections, duration: roundSeconds, headers })
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${url}: ${result.non2xx} answers were no success, ${result.errors} failed`)
  return { count: result.requests.total, seconds: result.duration }
}

function against(ours: ServerProcess, peer: ServerProcess, name: string, headers: Headers) {
  const names = { scenario, subject, peer: name, unit: 'answers' }
  return pairedRounds(
    names,
    { server: ours, load: loadOf(ours, headers) },
    { server: peer, load: loadOf(peer, headers) },
  )
}

const memoryRow = (metric: string, bytes: number, allowed: number): Row => ({
  scenario,
  subject,
  peer: 'what it may take',
  metric,
  subjectValue: bytes / megabyte,
  peerValue: allowed,
  ratio: bytes / megabyte / allowed,
  spread: 0,
})

async function longBody(ours: ServerProcess, headers: Headers): Promise<Row> {
  const read = async (atMost: number): Promise<number> => {
    let [bytes, most] = [0, 0]
    const answer = await fetch(`${String(ours.ready['url'])}/v7/agents?aid=1101`, { headers })
    for await (const piece of answer.body ?? []) {
      bytes += piece.length
      most = Math.max(most, ours.residentBytes())
      if (bytes > atMost) break
    }
    return most
  }
  const before = await read(64 * megabyte)
  return memoryRow('MB more while a gigabyte passes', (await read(Number.POSITIVE_INFINITY)) - before, 64)
}

async function idleMemory(ours: ServerProcess, headers: Headers): Promise<Row> {
  const clients = await idleClients(new URL(urlOf(ours)), idle, headers['authorization'] ?? '')
  const bytes = ours.residentBytes()
  const kept = clients.kept()
  clients.end()
  if (kept < idle * 0.99) throw new Error(`${kept} of ${idle} connections were kept`)
  return memoryRow(`MB with ${kept} idle clients`, bytes, 400)
}

async function run(): Promise<readonly Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'panoptes-bench-'))
  try {
    await using sides = await startBrokerSides()
    const { ours, bare, upstream, headers } = sides
    const origin = String(upstream.ready['url'])
    const throughput = await against(ours, bare, 'a bare undici streaming proxy', headers)
    const rows = [...throughput]
    if (spawnSync('nginx', ['-v']).status === 0) {
      await using nginx = await startNginx(directory, origin)
      // By the clock alone: per processor time no JavaScript comes near it, the bare proxy neither.
      rows.push(...(await against(ours, nginx, 'nginx, proxy_pass with keep-alive', headers)).slice(0, 1))
    } else process.stdout.write('broker: nginx is not installed, so it is not compared\n')
    rows.push(await longBody(ours, headers), await idleMemory(ours, headers))
    return rows
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const isAgainst = (row: Row, name: string): boolean => row.peer.includes(name)

export const broker: Scenario = {
  name: scenario,
  goals: [
    ...['answers per second', 'answers per second of server CPU'].map((metric) => ({
      scenario,
      metric,
      holds: (row: Row): boolean => row.ratio >= (isAgainst(row, 'nginx') ? 0.3 : 0.8),
      text: 'at least 0.8 of the bare proxy, 0.3 of nginx',
    })),
    {
      scenario,
      metric: 'MB more while a gigabyte passes',
      holds: ({ ratio }) => ratio <= 1,
      text: 'below 64 MB',
    },
    {
      scenario,
      metric: `MB with ${idle} idle clients`,
      holds: ({ ratio }) => ratio <= 1,
      text: 'below 400 MB',
    },
  ],
  run,
}
