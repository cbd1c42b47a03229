import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { systemClock } from '#domain/clock.ts'
import { loadKeyMaterial } from '#secrets/key-file.ts'
import { type Secrets, secretsFrom } from '#secrets/secrets.ts'
import { openStore } from '#store/open-store.ts'
import { delaysOf, hookFor } from '../asked-delays.ts'
import { connectDevice } from '../connect-device.ts'
import { million, refreshTokenOf, scattered, writeGrants } from '../many-grants.ts'
import { pairedRounds, sideOf } from '../paired-rounds.ts'
import { refreshChains, scatteredRefreshes } from '../refresh-chains.ts'
import type { Row, Scenario } from '../row.ts'
import { ourStart, type ServerProcess, startServer } from '../server-process.ts'

const parallel = 16
const clientId = 'sd-wan-manager'
const mostBytes = 2e9
const longestStopMs = 20
/** A round of purging begins every 30 seconds. */
const purgedSeconds = 60
/** V8 collects what the refreshes left, and that has nothing to do with purging. */
const settledSeconds = 20
const scenario = 'million-sqlite'

async function filled(data: string): Promise<Secrets> {
  const secrets = secretsFrom(await loadKeyMaterial(data, randomBytes), randomBytes)
  const path = join(data, 'panoptes.db')
  const { store } = await openStore({ kind: 'sqlite', path }, { clock: systemClock, random: randomBytes })
  await writeGrants(store, secrets, { count: million, now: systemClock.now() })
  await store.close()
  return secrets
}

const started = (data: string): string[] => [
  ...['--import', hookFor(join(data, 'delays.json')), ...ourStart],
  ...['--json', '--port', '0', '--operator-port', '0', '--data', data],
]

const tokenEndpointOf = ({ ready }: ServerProcess): string => `${ready['url']}/v7/oauth2/token`

async function refreshRows(
  { full, empty }: { readonly full: ServerProcess; readonly empty: ServerProcess },
  secrets: Secrets,
): Promise<readonly Row[]> {
  const numbers = scattered()
  const next = (): string => refreshTokenOf(secrets, numbers())
  const subject = scatteredRefreshes({ tokenEndpoint: tokenEndpointOf(full), clientId, parallel, next })
  const refreshTokens: string[] = []
  for (let index = 0; index < parallel; index += 1) {
    const tokens = await connectDevice(String(empty.ready['url']), 'tests:manage offline_access')
    refreshTokens.push(tokens['refresh_token'] ?? '')
  }
  const peer = refreshChains({ tokenEndpoint: tokenEndpointOf(empty), clientId, refreshTokens })
  const names = {
    scenario,
    subject: 'a million live grants, another one each time',
    peer: `${parallel} grants`,
    unit: 'refreshes',
  }
  const rows = await pairedRounds(names, sideOf(full, subject), sideOf(empty, peer))
  subject.close()
  peer.close()
  return rows
}

/** All of the grants end at once, and for a minute the purge is at work while nobody asks anything. */
async function stopRow(full: ServerProcess, data: string): Promise<Row> {
  const file = join(data, 'delays.json')
  await fetch(`${full.ready['url']}/emulator/clock/advance`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ by: '400d' }),
  })
  await wait(settledSeconds * 1000)
  await delaysOf(full, file)
  await wait(purgedSeconds * 1000)
  const { longest } = await delaysOf(full, file)
  return {
    scenario,
    subject: 'purge of a million grants',
    peer: 'the goal',
    metric: 'ms of event-loop delay, longest',
    subjectValue: longest,
    peerValue: longestStopMs,
    ratio: longest / longestStopMs,
    spread: 0,
  }
}

function sizeRow(data: string): Row {
  const bytes = statSync(join(data, 'panoptes.db')).size
  return {
    scenario,
    subject: 'a million live grants on SQLite',
    peer: 'the goal',
    metric: 'bytes on disk',
    subjectValue: bytes,
    peerValue: mostBytes,
    ratio: bytes / mostBytes,
    spread: 0,
  }
}

async function run(): Promise<readonly Row[]> {
  const [data, other] = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'panoptes-bench-'))) as [string, string]
  try {
    const secrets = await filled(data)
    const size = sizeRow(data)
    await using full = await startServer(started(data))
    await using empty = await startServer(started(other))
    return [size, ...(await refreshRows({ full, empty }, secrets)), await stopRow(full, data)]
  } finally {
    for (const path of [data, other]) rmSync(path, { recursive: true, force: true })
  }
}

/** Takes some minutes: a million grants have to be written first. */
export const millionSqlite: Scenario = {
  name: scenario,
  goals: [
    { scenario, metric: 'bytes on disk', holds: ({ ratio }) => ratio < 1, text: 'below 2 GB' },
    {
      scenario,
      metric: 'refreshes per second',
      holds: ({ ratio }) => ratio >= 0.8,
      text: 'at least 0.8 of an empty store',
    },
    {
      scenario,
      metric: 'ms of event-loop delay, longest',
      holds: ({ ratio }) => ratio < 1,
      text: 'below 20 ms',
    },
  ],
  run,
}
