import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import autocannon from 'autocannon'
import { connectDevice } from '../connect-device.ts'
import { pairedRounds } from '../paired-rounds.ts'
import type { Row, Scenario } from '../row.ts'
import { ourStart, type ServerProcess, startServer } from '../server-process.ts'

const roundSeconds = 2
const connections = 32

const loadOf = (url: string, token: string) => async (): Promise<{ count: number; seconds: number }> => {
  const headers = { authorization: `Bearer ${token}` }
  const result = await autocannon({ url, connections, duration: roundSeconds, headers })
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${url}: ${result.non2xx} answers were no success, ${result.errors} failed`)
  return { count: result.requests.total, seconds: result.duration }
}

async function compare(ours: ServerProcess, path: string, token: string): Promise<readonly Row[]> {
  const url = `${String(ours.ready['url'])}${path}`
  const sample = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
  const body = Buffer.from(await sample.arrayBuffer())
  if (!sample.ok) throw new Error(`${path} answered ${sample.status}: ${body}`)
  const type = sample.headers.get('content-type') ?? ''
  await using bare = await startServer(['test/bench/peers/bare-http.ts', body.toString('base64'), type])
  // Awaited here: the peer ends with this scope.
  return await pairedRounds(
    {
      scenario: 'gateway-get',
      subject: `Panoptes, GET ${path} with an access token, all checks, ${body.length} bytes`,
      peer: 'node:http, the same bytes',
      unit: 'answers',
    },
    { server: ours, load: loadOf(url, token) },
    { server: bare, load: loadOf(`${String(bare.ready['url'])}${path}`, token) },
  )
}

async function run(): Promise<readonly Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'panoptes-bench-'))
  const config = join(directory, 'bench.yaml')
  // All limits stand and are counted; only their number is out of reach.
  writeFileSync(config, 'callsPerMinute: 1000000000\n')
  try {
    await using ours = await startServer([
      ...ourStart,
      '--json',
      '--port',
      '0',
      '--operator-port',
      '0',
      '--config',
      config,
    ])
    const access = await connectDevice(String(ours.ready['url']), 'tests:manage organization:read')
    const token = access['access_token'] ?? ''
    return [
      ...(await compare(ours, '/v7/tests', token)),
      ...(await compare(ours, '/v7/users/current', token)),
    ]
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const atLeastHalf = {
  holds: ({ ratio }: Row): boolean => ratio >= 0.5,
  text: 'at least 0.5 of bare node:http',
}

export const gatewayGet: Scenario = {
  name: 'gateway-get',
  goals: [
    { scenario: 'gateway-get', metric: 'answers per second', ...atLeastHalf },
    { scenario: 'gateway-get', metric: 'answers per second of server CPU', ...atLeastHalf },
  ],
  run,
}
