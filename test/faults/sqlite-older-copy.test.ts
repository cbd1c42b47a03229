import { randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { systemClock } from '#domain/clock.ts'
import { openSqliteStore } from '#store/sqlite.ts'
import { startProcess } from '../contract/store-processes.ts'
import { brokerGround, linkedClient, regionsAt } from './broker-ground.ts'
import { startCountingUpstream } from './counting-upstream.ts'
import { brokenInvariants } from './judge/invariants.ts'
import type { Client } from './load/client.ts'
import { type Load, startLoad } from './load/load.ts'
import { startInVain, startNode } from './node-process.ts'
import { untilNot503 } from './redis-ground.ts'
import { patienceMs, perSecond, rounds } from './scale.ts'
import { freshFolder, readDatabase, type SqliteGround, sqliteGround } from './sqlite-ground.ts'
import { fillDisk, mountSmallDisk } from './tools.ts'

const files = ['panoptes.db', 'panoptes.db-wal', 'panoptes.db-shm', 'panoptes.db-mark']

/** What a person does who puts back the database, and not what stands beside it. */
function putBack(from: string, to: string): void {
  for (const file of files) {
    rmSync(join(to, file), { force: true })
    if (existsSync(join(from, file))) cpSync(join(from, file), join(to, file))
  }
}

const statusesOf = async (
  clients: readonly Client[],
  ask: (client: Client) => Promise<{ status: number }>,
) => {
  const statuses: number[] = []
  for (const client of clients) statuses.push((await ask(client)).status)
  return statuses
}

/** A node that was under load for a while. */
async function lived(ground: SqliteGround) {
  const node = await startNode(ground)
  const load: Load = await startLoad({ target: () => node.url, perSecond })
  await pause(rounds(10_000, 1_500))
  return { node, load }
}

test(
  'R11: an older copy of the records is refused at the start, and with a new epoch nothing of before works',
  async () => {
    const ground = sqliteGround()
    const { node, load } = await lived(ground)
    const revokedLater = await load.connect()
    const kept = await load.connect()
    await load.stop()
    expect((await revokedLater.call()).status).toBe(200)
    node.signal('SIGTERM')
    expect(await node.ended()).toEqual({ code: 0, signal: null })
    const backup = join(ground.data, '..', 'backup')
    cpSync(ground.data, backup, { recursive: true })

    // The newest records are no older copy, however the process ended.
    await node.start()
    expect((await revokedLater.revoke()).status).toBe(200)
    await node.kill()
    await node.start()
    expect((await revokedLater.call()).status).toBe(401)
    await node.kill()

    putBack(backup, ground.data)
    const { code, words } = await startInVain(ground)
    expect(code).toBe(1)
    expect(words.trim().split('\n')).toHaveLength(1)
    expect(words).toMatch(
      /its records are older than .+panoptes\.db-checkpoint says \(\d+ of \d+\).+--bump-epoch/,
    )
    // What was refused was not changed, and is refused again.
    expect((await startInVain(ground)).code).toBe(1)

    const bumped = await startNode({
      ...ground,
      options: [...ground.options, '--bump-epoch'],
      port: Number(new URL(node.url).port),
    })
    expect(await statusesOf([revokedLater, kept, ...load.living()], (client) => client.call())).toEqual(
      [revokedLater, kept, ...load.living()].map(() => 401),
    )
    expect((await kept.refresh()).status).toBe(400)
    // Who there is did not go: people connect anew.
    const after = await startLoad({ target: () => node.url, perSecond: 5, connections: 2 })
    await after.stop()
    await after.takeStock()
    expect(brokenInvariants({ history: after.history, logs: [node.log(), bumped.log()] })).toEqual([])
    await bumped.kill()
    const { integrity, audit } = readDatabase(ground.database)
    expect(integrity).toBe('ok')
    expect(audit.filter(({ event }) => event === 'operator-action')).toMatchObject([
      { actor: 'operator', detail: 'began a new epoch: all connections, tokens and sessions ended' },
    ])
    // Said once, it holds for good.
    await node.start()
    expect((await kept.call()).status).toBe(401)
  },
  patienceMs,
)

test(
  'R11: records whose log was removed are older ones too',
  async () => {
    const ground = sqliteGround()
    const { node, load } = await lived(ground)
    const client = await load.connect()
    await load.stop()
    node.signal('SIGTERM')
    await node.ended()
    await node.start()
    expect((await client.revoke()).status).toBe(200)
    await node.kill()
    const log = `${ground.database}-wal`
    const whole = readFileSync(log)
    rmSync(log)
    const { code, words } = await startInVain(ground)
    expect([code, words]).toEqual([1, expect.stringContaining('--bump-epoch')])
    for (const end of ['-wal', '-shm']) rmSync(`${ground.database}${end}`, { force: true })
    writeFileSync(log, whole)
    await node.start()
    expect((await client.call()).status).toBe(401)
  },
  patienceMs,
)

test(
  'R11: a checkpoint that stands elsewhere tells an older copy of the whole directory, too',
  async () => {
    const folder = freshFolder()
    const elsewhere = join(folder, 'elsewhere')
    const ground = sqliteGround(folder, [`checkpoint: ${elsewhere}`])
    const node = await startNode(ground)
    node.signal('SIGTERM')
    await node.ended()
    const backup = join(folder, 'backup')
    cpSync(ground.data, backup, { recursive: true })
    await node.start()
    await node.kill()
    expect(Number(readFileSync(elsewhere, 'utf8'))).toBeGreaterThan(1)
    expect(existsSync(`${ground.database}-checkpoint`)).toBe(false)
    rmSync(ground.data, { recursive: true })
    cpSync(backup, ground.data, { recursive: true })
    const { code, words } = await startInVain(ground)
    expect([code, words]).toEqual([1, expect.stringContaining(`older than ${elsewhere} says`)])
  },
  patienceMs,
)

/** How many records of each kind, which is what their keys begin with. */
function kindsIn(path: string): Readonly<Record<string, number>> {
  const database = new DatabaseSync(path)
  try {
    const rows = database.prepare('SELECT key FROM record').all() as { key: string }[]
    const kinds = Map.groupBy(rows, ({ key }) => key.split(':', 1)[0] ?? '')
    return Object.fromEntries([...kinds].map(([kind, { length }]) => [kind, length]))
  } finally {
    database.close()
  }
}

test(
  'R11: a new epoch of a broker ends what users linked, and keeps users and what keys are in use',
  async () => {
    const upstream = await startCountingUpstream()
    const ground = brokerGround({ upstream: [regionsAt(upstream.origin)], keys: 'a' })
    const node = await startNode(ground)
    const agent = new Agent({ keepAlive: true })
    onTestFinished(() => agent.destroy())
    const client = await linkedClient(node, { number: 1, agent, target: () => node.url, note: () => {} })
    expect(await untilNot503(client.call)).toBe(200)
    await node.kill()
    const before = kindsIn(ground.database)
    expect(before).toMatchObject({ 'upstream-credential': 1, grant: 1, 'key-encryption-keys': 1 })
    const asked = upstream.answers.length
    const bumped = await startNode({
      ...ground,
      options: [...ground.options, '--bump-epoch'],
      port: Number(new URL(node.url).port),
    })
    expect((await client.call()).status).toBe(401)
    expect((await client.refresh()).status).toBe(400)
    expect(upstream.answers.length).toBe(asked)
    expect(await bumped.readiness()).toBe(200)
    await bumped.kill()
    const after = kindsIn(ground.database)
    expect(after).not.toHaveProperty('upstream-credential')
    expect(after).not.toHaveProperty('grant')
    for (const kind of ['user', 'user-email', 'key-encryption-keys'])
      expect([kind, after[kind]]).toEqual([kind, before[kind]])
  },
  patienceMs,
)

test(
  'R11: whenever two processes on one file are killed, starting, committing or closing, its records are the newest',
  async () => {
    const path = join(freshFolder(), 'panoptes.db')
    const parts = { path, clock: systemClock, random: randomBytes }
    const file = `${path}-checkpoint`
    const numbers: number[] = []
    for (let round = 0; round < rounds(120, 12); round += 1) {
      const processes = await Promise.all([1, 2].map(() => startProcess('store-checkpoint-process.ts', path)))
      await pause(randomInt(0, 80))
      for (const process of processes) process.kill('SIGKILL')
      await Promise.all(
        processes.map((process) => process.exitCode ?? process.signalCode ?? once(process, 'exit')),
      )
      const { store } = openSqliteStore(parts)
      numbers.push(Number(readFileSync(file, 'utf8')))
      await store.close()
    }
    expect(numbers).toEqual(numbers.toSorted((one, other) => one - other))
    // Each round raised it by more than the starts did: the kills fell among raises.
    expect((numbers.at(-1) ?? 0) / numbers.length).toBeGreaterThan(10)
  },
  patienceMs,
)

test(
  'R11: on a full disk a start goes on, and the number rises once there is room',
  async ({ skip }) => {
    const disk = join(freshFolder(), 'disk')
    const missing = mountSmallDisk(disk, 2 * 1_024 * 1_024)
    if (missing) skip(missing)
    const path = join(disk, 'panoptes.db')
    const put = { kind: 'put', value: 'x', expected: 'any', expiresAt: systemClock.now() + 60_000 } as const
    // Killed with an empty log, which has no room left for anything.
    const killed = await startProcess('store-checkpoint-process.ts', path)
    killed.kill('SIGKILL')
    await once(killed, 'exit')
    const holder = new DatabaseSync(path)
    onTestFinished(() => holder.close())
    holder.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    const before = Number(readFileSync(`${path}-checkpoint`, 'utf8'))
    const ballast = join(disk, 'ballast')
    fillDisk(ballast)
    const { store } = openSqliteStore({ path, clock: systemClock, random: randomBytes })
    onTestFinished(() => store.close())
    await expect(store.commit([{ ...put, key: 'a' }])).rejects.toThrow('full')
    expect(Number(readFileSync(`${path}-checkpoint`, 'utf8'))).toBe(before)
    rmSync(ballast)
    expect(await store.commit([{ ...put, key: 'a' }])).toBe('committed')
    await vi.waitFor(
      () => expect(Number(readFileSync(`${path}-checkpoint`, 'utf8'))).toBeGreaterThan(before),
      { timeout: 20_000 },
    )
  },
  patienceMs,
)
