import { closeSync, openSync, statSync, writeSync } from 'node:fs'
import { expect, test } from 'vitest'
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
