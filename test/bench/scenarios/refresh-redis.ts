import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startRedisServer } from '../../support/redis-server.ts'
import { connectDevice } from '../connect-device.ts'
import { pairedRounds, sideOf } from '../paired-rounds.ts'
import { type RefreshChains, refreshChains } from '../refresh-chains.ts'
import type { Row, Scenario } from '../row.ts'
import { ourStart, type ServerProcess, startServer } from '../server-process.ts'

const chains = 16

async function chainsOn(server: ServerProcess): Promise<RefreshChains> {
  const url = String(server.ready['url'])
  const refreshTokens: string[] = []
  for (let index = 0; index < chains; index += 1)
    refreshTokens.push((await connectDevice(url, 'tests:manage offline_access'))['refresh_token'] ?? '')
  return refreshChains({ tokenEndpoint: `${url}/v7/oauth2/token`, clientId: 'sd-wan-manager', refreshTokens })
}

async function run(): Promise<readonly Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'panoptes-bench-'))
  const config = join(directory, 'redis.yaml')
  const started = [...ourStart, '--json', '--port', '0', '--operator-port', '0']
  await using redis = await startRedisServer()
  writeFileSync(config, `store: ${redis.url.href}\n`)
  try {
    await using onRedis = await startServer([...started, '--config', config, '--data', directory])
    await using inMemory = await startServer(started)
    const [subject, peer] = [await chainsOn(onRedis), await chainsOn(inMemory)]
    const names = {
      scenario: 'refresh-redis',
      subject: 'Panoptes on Redis',
      peer: 'Panoptes in memory',
      unit: 'refreshes',
    }
    const rows = await pairedRounds(names, sideOf(onRedis, subject), sideOf(inMemory, peer))
    subject.close()
    peer.close()
    return rows
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

export const refreshRedis: Scenario = {
  name: 'refresh-redis',
  goals: [
    {
      scenario: 'refresh-redis',
      metric: 'refreshes per second',
      holds: ({ ratio }) => ratio >= 0.7,
      text: 'at least 0.7 of memory',
    },
  ],
  run,
}
