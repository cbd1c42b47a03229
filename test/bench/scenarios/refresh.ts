import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectDevice } from '../connect-device.ts'
import { type RefreshChains, refreshChains } from '../refresh-chains.ts'
import { type Row, rowOf, type Scenario } from '../row.ts'
import { ourStart, type ServerProcess, startServer } from '../server-process.ts'

const chains = 16
const roundMs = 4_000
const rounds = 5

interface Measured {
  readonly perSecond: number
  readonly perCpuSecond: number
}

async function measure(server: ServerProcess, load: RefreshChains): Promise<Measured> {
  const [cpu, startedAt] = [server.cpuMicroseconds(), performance.now()]
  const count = await load.run(roundMs)
  const seconds = (performance.now() - startedAt) / 1000
  return { perSecond: count / seconds, perCpuSecond: count / ((server.cpuMicroseconds() - cpu) / 1e6) }
}

async function run(): Promise<readonly Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'panoptes-bench-'))
  const names = {
    scenario: 'refresh-sqlite',
    subject: 'Panoptes, SQLite on disk, synchronous=FULL',
    peer: 'oidc-provider on Maps',
  }
  try {
    await using ours = await startServer([
      ...ourStart,
      '--json',
      '--port',
      '0',
      '--operator-port',
      '0',
      '--data',
      directory,
    ])
    await using bare = await startServer(['test/bench/peers/bare-oidc-provider.ts', String(chains)])
    const url = String(ours.ready['url'])
    const refreshTokens: string[] = []
    for (let index = 0; index < chains; index += 1)
      refreshTokens.push((await connectDevice(url, 'tests:manage offline_access'))['refresh_token'] ?? '')
    const subject = refreshChains({
      tokenEndpoint: `${url}/v7/oauth2/token`,
      clientId: 'sd-wan-manager',
      refreshTokens,
    })
    const peer = refreshChains(bare.ready as unknown as Parameters<typeof refreshChains>[0])
    await measure(ours, subject)
    await measure(bare, peer)
    const measured: { subject: Measured; peer: Measured }[] = []
    for (let round = 0; round < rounds; round += 1)
      measured.push({ subject: await measure(ours, subject), peer: await measure(bare, peer) })
    subject.close()
    peer.close()
    const rowFor = (metric: string, pick: (one: Measured) => number): Row =>
      rowOf(
        { ...names, metric },
        measured.map((round) => ({ subject: pick(round.subject), peer: pick(round.peer) })),
      )
    return [
      rowFor('refreshes per second', ({ perSecond }) => perSecond),
      rowFor('refreshes per second of server CPU', ({ perCpuSecond }) => perCpuSecond),
    ]
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

export const refresh: Scenario = {
  name: 'refresh-sqlite',
  goals: [
    {
      scenario: 'refresh-sqlite',
      metric: 'refreshes per second',
      holds: ({ ratio }) => ratio >= 0.5,
      text: 'at least 0.5 of bare oidc-provider',
    },
  ],
  run,
}
