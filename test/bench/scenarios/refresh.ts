import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectDevice } from '../connect-device.ts'
import { pairedRounds, sideOf } from '../paired-rounds.ts'
import { refreshChains } from '../refresh-chains.ts'
import type { Row, Scenario } from '../row.ts'
import { ourStart, startServer } from '../server-process.ts'

/** Clients at a time: of a small installation, and of one that has as much to do as a core can. They share syncs, so it matters. */
const clients = [16, 64] as const

async function mintRefreshTokens(url: string, chains: number): Promise<readonly string[]> {
  const tokens: string[] = []
  for (let index = 0; index < chains; index += 1)
    tokens.push((await connectDevice(url, 'tests:manage offline_access'))['refresh_token'] ?? '')
  return tokens
}

async function compare(chains: number): Promise<readonly Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'panoptes-bench-'))
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
    const subject = refreshChains({
      tokenEndpoint: `${url}/v7/oauth2/token`,
      clientId: 'sd-wan-manager',
      refreshTokens: await mintRefreshTokens(url, chains),
    })
    const peer = refreshChains(bare.ready as unknown as Parameters<typeof refreshChains>[0])
    const rows = await pairedRounds(
      {
        scenario: 'refresh-sqlite',
        subject: `Panoptes, SQLite on disk, durable before each answer, ${chains} clients`,
        peer: 'oidc-provider on Maps',
        unit: 'refreshes',
      },
      sideOf(ours, subject),
      sideOf(bare, peer),
    )
    subject.close()
    peer.close()
    return rows
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function run(): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (const chains of clients) rows.push(...(await compare(chains)))
  return rows
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
