import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, fstatSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises'
import { promisify } from 'node:util'
import { expect, onTestFinished, test, vi } from 'vitest'
import { openSqliteStore } from '#store/sqlite.ts'
import { StoreFailure } from '#store/store.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { emptyLogBytes, putFor } from './store-handles.ts'

const clock = fakeClock()
const put = putFor(clock)

/** Syncs of the log succeed at once, unless it is to be otherwise; those of the database when the test says so. */
function ground({ isLogByHand = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'panoptes-copying-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'panoptes.db')
  const waiting: PromiseWithResolvers<void>[] = []
  let isByHand = false
  async function sync(descriptor: number): Promise<void> {
    if (!isByHand || (!isLogByHand && fstatSync(descriptor).ino !== statSync(path).ino)) return
    const one = Promise.withResolvers<void>()
    waiting.push(one)
    await one.promise
  }
  const opened = openSqliteStore({ path, clock, random: randomBytes, sync })
  onTestFinished(async () => {
    for (const one of waiting) one.resolve()
    isByHand = false
    await opened.store.close()
  })
  return {
    ...opened,
    path,
    /** From now on. */
    stopDisk() {
      isByHand = true
    },
    goOn() {
      isByHand = false
      for (const one of waiting.splice(0)) one.resolve()
    },
    waiting,
    /** Which run of the log it is: another one once it was begun anew (sqlite.org/fileformat2.html#wal_file_format). */
    run: () => readFileSync(`${path}-wal`).subarray(16, 24).toString('hex'),
    logBytes: () => statSync(`${path}-wal`).size,
  }
}

type Opened = ReturnType<typeof ground>

const wide = 'x'.repeat(3_000)

/** So many changes, each of a page of its own. */
async function write({ store }: Opened, count: number, from = 0): Promise<void> {
  const keys = Array.from({ length: count }, (_, index) => `${from + index}`)
  for (let at = 0; at < count; at += 50)
    await store.commit(keys.slice(at, at + 50).map((key) => put(key, { value: wide })))
}

async function until(holds: () => boolean): Promise<void> {
  for (let turns = 0; turns < 10_000 && !holds(); turns += 1) await turn()
  expect(holds()).toBe(true)
}

test('the log stays within its bound under writes that never pause, and the store says what was written last', async () => {
  const opened = ground()
  const runs = new Set<string>()
  let longest = 0
  for (let round = 0; round < 60; round += 1) {
    await Promise.all([write(opened, 300, round * 300), write(opened, 100, 100_000)])
    runs.add(opened.run())
    longest = Math.max(longest, opened.logBytes())
  }
  // 16 MB, and what a copy that is under way leaves in it meanwhile.
  expect(longest).toBeLessThan(24 * 2 ** 20)
  expect(runs.size).toBeGreaterThan(2)
  expect(await opened.store.read(['0', '17999', '100099'])).toMatchObject([
    { value: wide },
    { value: wide },
    { value: wide },
  ])
})

test('the log is not begun anew, by no process, while its copy is not on the disk', async () => {
  const opened = ground()
  const { path, store, waiting, run } = opened
  await store.commit([put('first')])
  const before = run()
  opened.stopDisk()
  await write(opened, 400)
  await until(() => waiting.length === 1)
  const other = new DatabaseSync(path)
  other.exec('PRAGMA wal_checkpoint(RESTART)')
  other.exec("UPDATE record SET version = 'other' WHERE key = 'first'")
  expect(run()).toBe(before)
  // The process goes on meanwhile.
  expect(await store.read(['first', '399'])).toMatchObject([{ version: 'other' }, { value: wide }])
  waiting.splice(0)[0]?.resolve()
  await turn()
  other.exec('PRAGMA wal_checkpoint(RESTART)')
  other.exec("UPDATE record SET version = 'another' WHERE key = 'first'")
  expect(run()).not.toBe(before)
  other.close()
  expect(await store.read(['first', '399'])).toMatchObject([{ version: 'another' }, { value: wide }])
})

test('what comes while the end of a long log is copied waits for the disk, and what is read does not', async () => {
  const opened = ground()
  const { store, waiting, run } = opened
  await store.commit([put('first')])
  const before = run()
  opened.stopDisk()
  await write(opened, 5_000)
  // First the copy that was begun after 300 changes, then that of all that is there now, then that of what came meanwhile.
  await until(() => waiting.length === 1)
  waiting.splice(0)[0]?.resolve()
  await turn()
  await write(opened, 1)
  await until(() => waiting.length === 1)
  await store.commit([put('meanwhile')])
  waiting.splice(0)[0]?.resolve()
  await until(() => waiting.length === 1)
  let isTold = false
  const late = store.commit([put('late')]).then((outcome) => {
    isTold = true
    return outcome
  })
  for (let turns = 0; turns < 50; turns += 1) await turn()
  expect([isTold, await store.read(['late', '4999'])]).toMatchObject([false, [undefined, { value: wide }]])
  waiting.splice(0)[0]?.resolve()
  expect(await late).toBe('committed')
  expect(run()).not.toBe(before)
  expect(await store.read(['late'])).toMatchObject([{ key: 'late' }])
})

test('a log that is copied is begun anew at once, and what comes meanwhile waits until its beginning is on the disk', async () => {
  const opened = ground({ isLogByHand: true })
  const { path, store, waiting, run, logBytes } = opened
  await store.commit([put('first')])
  await write(opened, 298)
  await store.read(['first'])
  const before = run()
  opened.stopDisk()
  const last = store.commit([put('last')])
  // The commit itself, then the copy: its sync of the log, and that of the database.
  for (let syncs = 0; syncs < 3; syncs += 1) {
    await until(() => waiting.length === 1)
    expect(run()).toBe(before)
    waiting.splice(0)[0]?.resolve()
  }
  expect(await last).toBe('committed')
  await until(() => waiting.length === 1)
  const begun = [run(), logBytes()]
  expect(begun[0]).not.toBe(before)
  let isTold = false
  const late = store.commit([put('late')]).then((outcome) => {
    isTold = true
    return outcome
  })
  const other = new DatabaseSync(path)
  expect(() => other.exec("UPDATE record SET version = 'other' WHERE key = 'first'")).toThrow('locked')
  for (let turns = 0; turns < 50; turns += 1) await turn()
  expect([isTold, run(), logBytes()]).toEqual([false, ...begun])
  expect(await store.read(['first', 'last'])).toMatchObject([{ key: 'first' }, { key: 'last' }])
  waiting.splice(0)[0]?.resolve()
  await until(() => waiting.length === 1)
  waiting.splice(0)[0]?.resolve()
  expect(await late).toBe('committed')
  // What was written after it is behind it, in the same run of the log.
  expect(run()).toBe(begun[0])
  other.exec("UPDATE record SET version = 'other' WHERE key = 'first'")
  other.close()
  const read = store.read(['first', 'late'])
  await until(() => waiting.length === 1)
  waiting.splice(0)[0]?.resolve()
  expect(await read).toMatchObject([{ version: 'other' }, { key: 'late' }])
})

test('behind a reader that stands, however long the log, nobody who writes waits for a copy', async () => {
  const opened = ground()
  const { path, store, waiting } = opened
  await store.commit([put('first')])
  const other = new DatabaseSync(path)
  other.exec('BEGIN; SELECT 1 FROM record LIMIT 1')
  await write(opened, 5_000)
  opened.stopDisk()
  await write(opened, 300)
  await until(() => waiting.length === 1)
  waiting.splice(0)[0]?.resolve()
  for (let turns = 0; turns < 50; turns += 1) await turn()
  expect(waiting).toEqual([])
  expect(await store.commit([put('late')])).toBe('committed')
  other.close()
})

test('a database that could not be brought to the disk is used no more, and its log stays for the next start', async () => {
  const opened = ground()
  const { path, store, lost, waiting, logBytes } = opened
  opened.stopDisk()
  await write(opened, 400)
  await until(() => waiting.length === 1)
  waiting.splice(0)[0]?.reject(Object.assign(new Error('EIO: i/o error'), { code: 'EIO' }))
  expect((await lost)?.message).toContain('EIO')
  await expect(store.commit([put('late')])).rejects.toThrow(StoreFailure)
  await expect(store.read(['0', 'never read'])).rejects.toThrow('EIO')
  await store.close()
  expect(logBytes()).toBeGreaterThan(400 * wide.length)
  const again = openSqliteStore({ path, clock, random: randomBytes }).store
  expect(await again.read(['0', '399'])).toMatchObject([{ value: wide }, { value: wide }])
  await again.close()
})

test('the log stays within its bound while a purge files many records anew', async () => {
  const opened = ground()
  const { store, path, logBytes } = opened
  for (const seconds of [60, 600])
    for (let at = 0; at < 1_500; at += 1) await store.commit([put(`${at}`, { value: wide, seconds })])
  const other = new DatabaseSync(path)
  await vi.waitFor(() => {
    other.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    expect(logBytes()).toBe(0)
  })
  other.close()
  clock.advance(120)
  expect(await store.purge(1_000)).toBe(0)
  expect(logBytes()).toBeLessThan(2 * 2 ** 20)
  expect(await store.read(['0', '1499'])).toMatchObject([{ value: wide }, { value: wide }])
})

test('the log is emptied after a purge, after the copy that is under way then', async () => {
  const opened = ground()
  const { store, path, waiting, logBytes } = opened
  for (let at = 0; at < 32; at += 1) await store.commit([put(`short ${at}`, { seconds: 1 })])
  clock.advance(2)
  opened.stopDisk()
  let isOver = false
  const purge = store.purge(1_000).finally(() => {
    isOver = true
  })
  await until(() => waiting.length === 1)
  await write(opened, 400)
  waiting.splice(0)[0]?.resolve()
  // The copy that begins now is under way when nothing is left to purge.
  await turn()
  await write(opened, 1)
  await until(() => waiting.length === 1)
  await pause(100)
  while (!isOver) {
    for (const one of waiting.splice(0)) one.resolve()
    await turn()
  }
  expect([await purge, logBytes()]).toEqual([32, emptyLogBytes])
  expect(readFileSync(`${path}-wal`, 'latin1')).not.toMatch(/short|xxx/)
})

test('a purge that ends at its limit leaves nothing of what it removed in the log, once the next one has looked', async () => {
  const { store, path, logBytes } = ground()
  for (let at = 0; at < 32; at += 1) await store.commit([put(`short ${at}`, { seconds: 1 })])
  clock.advance(2)
  expect([await store.purge(32), await store.purge(32)]).toEqual([32, 0])
  expect(logBytes()).toBe(emptyLogBytes)
  expect(readFileSync(`${path}-wal`, 'latin1')).not.toContain('short')
})

test('an image that is put back is copied too', async () => {
  const opened = ground()
  const { images, waiting } = opened
  await write(opened, 100)
  const image = await images.take()
  opened.stopDisk()
  await images.restore(image)
  await until(() => waiting.length === 1)
})

test('closing waits for the copy that is under way', async () => {
  const opened = ground()
  const { store, waiting } = opened
  opened.stopDisk()
  await write(opened, 400)
  await until(() => waiting.length === 1)
  let isClosed = false
  const closed = store.close().then(() => {
    isClosed = true
  })
  for (let turns = 0; turns < 50; turns += 1) await turn()
  expect(isClosed).toBe(false)
  waiting.splice(0)[0]?.resolve()
  await closed
})

test('closing writes nothing behind the beginning of a log that is not on the disk yet', async () => {
  const opened = ground({ isLogByHand: true })
  const { store, path, waiting, run, logBytes } = opened
  await write(opened, 299)
  await store.read(['0'])
  const before = run()
  opened.stopDisk()
  const last = store.commit([put('last')])
  for (let syncs = 0; syncs < 3; syncs += 1) {
    await until(() => waiting.length === 1)
    waiting.splice(0)[0]?.resolve()
  }
  await last
  await until(() => waiting.length === 1)
  expect(run()).not.toBe(before)
  const [begun, late] = [logBytes(), store.commit([put('late')])]
  const closed = store.close()
  for (let turns = 0; turns < 50; turns += 1) await turn()
  expect(readFileSync(`${path}-wal`, 'latin1')).not.toContain('value of late')
  expect(logBytes()).toBe(begun)
  waiting.splice(0)[0]?.resolve()
  await until(() => waiting.length === 1)
  waiting.splice(0)[0]?.resolve()
  expect(await late).toBe('committed')
  await closed
  const again = openSqliteStore({ path, clock, random: randomBytes }).store
  expect(await again.read(['late'])).toMatchObject([{ key: 'late' }])
  await again.close()
})

test('closing ends while the log of a purge is copied', async () => {
  const opened = ground()
  const { store, waiting } = opened
  await store.commit([put('short', { seconds: 1 })])
  clock.advance(2)
  opened.stopDisk()
  const purge = store.purge(10)
  await until(() => waiting.length === 1)
  const closed = store.close()
  for (let turns = 0; turns < 50; turns += 1) await turn()
  waiting.splice(0)[0]?.resolve()
  await closed
  expect(await purge).toBe(1)
})

test('a long log is cut whole or not at all before its beginning is on the disk', async () => {
  const opened = ground({ isLogByHand: true })
  const { path, store, waiting, run, logBytes } = opened
  await store.commit([put('first')])
  const other = new DatabaseSync(path)
  other.exec('BEGIN; SELECT 1 FROM record LIMIT 1')
  await write(opened, 5_000)
  const [before, long] = [run(), logBytes()]
  expect(long).toBeGreaterThan(16 * 2 ** 20)
  other.close()
  opened.stopDisk()
  const more = write(opened, 300, 5_000)
  await until(() => {
    if (run() !== before && waiting.length > 0) return true
    for (const one of waiting.splice(0)) one.resolve()
    return false
  })
  // Its first 16 MB without the rest would be older records above the newer ones of the database.
  expect(logBytes()).toBe(emptyLogBytes)
  opened.goOn()
  await more
  expect(await store.read(['first', '5299'])).toMatchObject([{ key: 'first' }, { value: wide }])
})

test('a database that could not be brought to the disk keeps its log when the process ends by itself', async () => {
  const { path, store } = ground()
  await store.close()
  const program = `
    import { randomBytes } from 'node:crypto'
    import { fstatSync, statSync } from 'node:fs'
    import { openSqliteStore } from '#store/sqlite.ts'
    const path = process.argv[1]
    const sync = async (descriptor) => {
      if (fstatSync(descriptor).ino === statSync(path).ino) throw new Error('EIO')
    }
    const { store, lost } = openSqliteStore({ path, clock: { now: () => 0 }, random: randomBytes, sync })
    const change = { kind: 'put', value: 'x', expiresAt: 1, expected: 'any' }
    await store.commit(Array.from({ length: 300 }, (_, key) => ({ ...change, key: String(key) })))
    await lost
    await store.close()`
  await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program, path])
  expect(statSync(`${path}-wal`).size).toBeGreaterThan(emptyLogBytes)
})

test('a start that is refused at its last step leaves no log', () => {
  const folder = mkdtempSync(join(tmpdir(), 'panoptes-copying-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'panoptes.db')
  symlinkSync(join(folder, 'missing', 'mark'), `${path}-mark`)
  expect(() => openSqliteStore({ path, clock, random: randomBytes })).toThrow('ENOENT')
  expect(existsSync(`${path}-wal`)).toBe(false)
})
