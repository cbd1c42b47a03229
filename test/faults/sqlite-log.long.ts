import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { brokenInvariants } from './judge/invariants.ts'
import { startLoad } from './load/load.ts'
import { startNode } from './node-process.ts'
import { patienceMs, perSecond } from './scale.ts'
import { freshFolder, readDatabase, sqliteGround } from './sqlite-ground.ts'
import { withoutProgram } from './tools.ts'

/** `journal_size_limit`, and what one more commit may need. */
const mostLogBytes = 17 * 1_024 * 1_024

test(
  'R04: each acknowledged commit has been synced to the disk before it is acknowledged',
  async ({ skip }) => {
    const missing = withoutProgram('strace', 'strace')
    if (missing) skip(missing)
    const node = await startNode({ options: sqliteGround().options })
    const load = await startLoad({ target: () => node.url, perSecond: 1 })
    await load.stop()
    const [client] = load.living()
    const trace = join(freshFolder(), 'syncs')
    const strace = spawn('strace', ['-f', '-e', 'trace=fdatasync,fsync', '-o', trace, '-p', `${node.pid()}`])
    onTestFinished(() => void strace.kill('SIGKILL'))
    const [said] = await Promise.race([once(strace.stderr, 'data'), once(strace, 'exit')])
    if (!String(said).includes('attached')) skip(`strace may not attach to a process here: ${said}`)
    await pause(1_000)
    let acknowledged = 0
    for (; acknowledged < 50; acknowledged += 1)
      expect(await client?.refresh()).toMatchObject({ status: 200 })
    strace.kill('SIGINT')
    await once(strace, 'exit')
    const syncs = readFileSync(trace, 'utf8').match(/f(?:data)?sync\(/g) ?? []
    expect(syncs.length).toBeGreaterThanOrEqual(acknowledged)
  },
  patienceMs,
)

test(
  'R09: a reader that does not let go makes the log grow, which is cut to its limit once it has',
  async () => {
    const { options, database } = sqliteGround()
    const node = await startNode({ options })
    const load = await startLoad({ target: () => node.url, perSecond })
    const reader = new DatabaseSync(database, { readOnly: true })
    reader.exec('BEGIN')
    reader.prepare('SELECT count(*) FROM record').get()
    const logBytes = (): number => statSync(`${database}-wal`).size
    const begun = performance.now()
    while (logBytes() < 2 * mostLogBytes && performance.now() - begun < 240_000) await pause(200)
    expect(logBytes()).toBeGreaterThan(mostLogBytes)
    reader.close()
    while (logBytes() > mostLogBytes) await pause(200)
    await load.stop()
    await load.takeStock()
    await node.kill()
    expect(readDatabase(database).integrity).toBe('ok')
    expect(brokenInvariants({ history: load.history, logs: [node.log()] })).toEqual([])
  },
  patienceMs,
)
