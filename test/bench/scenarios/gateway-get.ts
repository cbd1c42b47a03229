import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import autocannon from 'autocannon'
import { connectDevice } from '../connect-device.ts'
import { type Row, rowOf, type Scenario } from '../row.ts'
import { ourStart, type ServerProcess, startServer } from '../server-process.ts'

const roundSeconds = 4
const rounds = 5
const connections = 32

interface Measured {
  readonly perSecond: number
  readonly perCpuSecond: number
}

async function measure(server: ServerProcess, url: string, token: string): Promise<Measured> {
  const cpu = server.cpuMicroseconds()
  const result = await autocannon({
    url,
    connections,
    duration: roundSeconds,
    headers: { authorization: `Bearer ${token}` },
  })
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${url}: ${result.non2xx} answers were no success, ${result.errors} failed`)
  const count = result.requests.total
  return {
    perSecond: count / result.duration,
    perCpuSecond: count / ((server.cpuMicroseconds() - cpu) / 1e6),
  }
}

interface Case {
  readonly path: string
  readonly token: string
  readonly kind: string
}

async function compare(ours: ServerProcess, { path, token, kind }: Case): Promise<readonly Row[]> {
  const url = `${String(ours.ready['url'])}${path}`
  const sample = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
  const body = Buffer.from(await sample.arrayBuffer())
  if (!sample.ok) throw new Error(`${path} answered ${sample.status}: ${body}`)
  await using bare = await startServer([
    'test/bench/peers/bare-http.ts',
    body.toString('base64'),
    sample.headers.get('content-type') ?? '',
  ])
  const bareUrl = `${String(bare.ready['url'])}${path}`
  await measure(ours, url, token)
  await measure(bare, bareUrl, token)
  const measured: { subject: Measured; peer: Measured }[] = []
  for (let round = 0; round < rounds; round += 1)
    measured.push({ subject: await measure(ours, url, token), peer: await measure(bare, bareUrl, token) })
  const names = {
    scenario: 'gateway-get',
    subject: `Panoptes, GET ${path}, ${kind}, all checks, ${body.length} bytes`,
    peer: 'node:http, the same bytes',
  }
  const rowFor = (metric: string, pick: (one: Measured) => number): Row =>
    rowOf(
      { ...names, metric },
      measured.map((round) => ({ subject: pick(round.subject), peer: pick(round.peer) })),
    )
  return [
    rowFor('answers per second', ({ perSecond }) => perSecond),
    rowFor('answers per second of server CPU', ({ perCpuSecond }) => perCpuSecond),
  ]
}

async function run(): Promise<readonly Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'panoptes-bench-'))
  const config = join(directory, 'bench.yaml')
  // All limits stand and are counted; only their number is out of reach.
  writeFileSync(
    config,
    `callsPerMinute: 1000000000\nintegrations: ${join(process.cwd(), 'config/integrations.yaml')}\n`,
  )
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
      ...(await compare(ours, { path: '/v7/tests', token, kind: 'access token' })),
      ...(await compare(ours, { path: '/v7/users/current', token, kind: 'access token' })),
    ]
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

export const gatewayGet: Scenario = {
  name: 'gateway-get',
  goals: [
    {
      scenario: 'gateway-get',
      metric: 'answers per second',
      holds: ({ ratio }) => ratio >= 0.5,
      text: 'at least 0.5 of bare node:http',
    },
    {
      scenario: 'gateway-get',
      metric: 'answers per second of server CPU',
      holds: ({ ratio }) => ratio >= 0.5,
      text: 'at least 0.5 of bare node:http',
    },
  ],
  run,
}
