import { randomBytes } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { openSqliteStore } from '#store/sqlite.ts'
import { pagesOf } from '#store/sqlite-pages.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { putFor } from './store-handles.ts'

const clock = fakeClock()
const put = putFor(clock)

/** A store of so many records, each in two lists, whose keys come in no order, and all of it in the file. */
async function filled(count: number) {
  const folder = mkdtempSync(join(tmpdir(), 'panoptes-pages-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'panoptes.db')
  const { store } = openSqliteStore({ path, clock, random: randomBytes })
  const keys = Array.from({ length: count }, () => `key:${randomBytes(24).toString('base64url')}`)
  for (let at = 0; at < count; at += 200)
    await store.commit(
      keys
        .slice(at, at + 200)
        .map((key) => put(key, { value: 'v'.repeat(900), indexes: [`of ${at % 7}`, 'all'] })),
    )
  await store.close()
  const database = new DatabaseSync(path, { readOnly: true })
  onTestFinished(() => database.close())
  const descriptor = openSync(path, 'r')
  onTestFinished(() => closeSync(descriptor))
  const rootOf = (name: string): number =>
    Number(database.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').get(name)?.['rootpage'])
  return { keys, database, descriptor, rootOf }
}

test('pages of a row and of its entries in each index are read, and on the way to them nothing twice', async () => {
  const { keys, database, descriptor, rootOf } = await filled(6_000)
  const read: { page: number; text: string }[] = []
  const pages = pagesOf({
    pageBytes: 4_096,
    async read(into, position) {
      readSync(descriptor, into, 0, into.length, position)
      read.push({ page: position / 4_096, text: into.toString('latin1') })
    },
  })
  const last = (): string => read.at(-1)?.text ?? ''
  const bytes = Buffer.alloc(2)
  readSync(descriptor, bytes, 0, 1, (rootOf('record') - 1) * 4_096)
  // Of more than one level, or nothing is shown.
  expect(bytes[0]).toBe(5)
  let found = 0
  for (const key of keys.filter((_, index) => index % 10 === 0)) {
    const id = Number(database.prepare('SELECT id FROM record WHERE key = ?').get(key)?.['id'])
    await pages.row(rootOf('record'), id)
    found += Number(last().includes(key))
    for (const [index, columns] of [
      ['sqlite_autoindex_record_1', [key]],
      ['record_index_by_key', [key]],
      ['record_index', ['all', key]],
    ] as const) {
      await pages.entry(rootOf(index), columns)
      found += Number(last().includes(key))
    }
  }
  // Some entries of an index stand above the leaves.
  expect(found).toBeGreaterThan(600 * 4 * 0.95)
  const interior = read
    .filter(({ text }) => text.startsWith('\x02') || text.startsWith('\x05'))
    .map(({ page }) => page)
  expect(new Set(interior).size).toBe(interior.length)
})

test('what is no page of a tree is passed over', async () => {
  for (const byte of [0, 2, 5, 0xff]) {
    let reads = 0
    const pages = pagesOf({
      pageBytes: 512,
      async read(into) {
        reads += 1
        into.fill(byte)
      },
    })
    await pages.row(1, 2 ** 40)
    await pages.entry(2, ['key', 'name'])
    expect(reads).toBeLessThan(30)
  }
  await pagesOf({ pageBytes: 512, read: () => Promise.reject(new Error('EIO')) }).row(1, 1)
})
