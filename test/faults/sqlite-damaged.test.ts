import { closeSync, copyFileSync, openSync, statSync, truncateSync, writeSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { brokenInvariants } from './judge/invariants.ts'
import { startLoad } from './load/load.ts'
import { startInVain, startNode } from './node-process.ts'
import { patienceMs } from './scale.ts'
import { sqliteGround } from './sqlite-ground.ts'

const pageBytes = 4_096

function overwrite(path: string, page: number): void {
  const descriptor = openSync(path, 'r+')
  writeSync(descriptor, Buffer.alloc(pageBytes, 'damage'), 0, pageBytes, page * pageBytes)
  closeSync(descriptor)
}

test(
  'R10: a database with a damaged page is refused at the start, in one line that names it',
  async () => {
    const { options, database } = sqliteGround()
    const node = await startNode({ options })
    node.signal('SIGTERM')
    expect(await node.ended()).toEqual({ code: 0, signal: null })
    const pages = statSync(database).size / pageBytes
    for (const page of [0, Math.floor(pages / 2)]) {
      overwrite(database, page)
      const { code, words } = await startInVain({
        options: [...options, '--port', '0', '--operator-port', '0'],
      })
      expect(code).toBe(1)
      expect(words).toMatch(/^panoptes: cannot use the database \S+panoptes\.db: .+\n$/)
    }
  },
  patienceMs,
)

test(
  'R10: a database whose log was cut is refused at the start, and serves again with the whole one',
  async () => {
    const { options, database } = sqliteGround()
    const node = await startNode({ options })
    const load = await startLoad({ target: () => node.url, perSecond: 40, connections: 4 })
    await pause(300)
    const leaver = await load.connect()
    await load.stop()
    expect(await leaver.revoke()).toMatchObject({ status: 200 })
    await node.kill()
    const log = `${database}-wal`
    copyFileSync(log, `${log}.whole`)
    // The last pages of it say that the token is revoked.
    truncateSync(log, statSync(log).size - 2 * pageBytes)
    const { code, words } = await startInVain({
      options: [...options, '--port', '0', '--operator-port', '0'],
    })
    expect(code).toBe(1)
    expect(words).toMatch(
      /^panoptes: cannot use the database \S+panoptes\.db: its log was cut: \d+ bytes are there of \d+; .+\n$/,
    )
    copyFileSync(`${log}.whole`, log)
    await node.start()
    expect(await leaver.call()).toMatchObject({ status: 401 })
    await load.takeStock()
    expect(brokenInvariants({ history: load.history, logs: [node.log()] })).toEqual([])
  },
  patienceMs,
)
