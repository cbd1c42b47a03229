import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '#domain/clock.ts'
import { openSqliteStore } from '#store/sqlite.ts'
import { type Store, StoreFailure } from '#store/store.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { describeStore } from './store.contract.ts'
import { keysOf, type OpenedStore, putFor } from './store-handles.ts'
import { raceProcesses, startProcess } from './store-processes.ts'

/** A path in a folder of its own, which goes with the test. */
function freshPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'panoptes-store-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'panoptes.db')
}

async function openAt(path: string): Promise<OpenedStore & { put: ReturnType<typeof putFor> }> {
  const clock = fakeClock()
  const open = async (): Promise<Store> => {
    const { store } = openSqliteStore({ path, clock, random: randomBytes })
    onTestFinished(() => store.close())
    return store
  }
  const store = await open()
  return { store, clock, another: path === ':memory:' ? async () => store : open, put: putFor(clock) }
}

describeStore('SQLite in memory', () => openAt(':memory:'))
describeStore('SQLite file', () => openAt(freshPath()))

describe('SQLite file', () => {
  test('keeps everything when it is opened again', async () => {
    const { store, another, put } = await openAt(freshPath())
    await store.commit([put('a', { indexes: ['all'] }), put('b')])
    const before = await store.read(['a', 'b'])
    await store.close()
    const reopened = await another()
    expect(await reopened.read(['a', 'b'])).toEqual(before)
    expect(await reopened.list('all')).toEqual([before[0]])
  })

  test('belongs to its owner alone', async () => {
    const path = freshPath()
    const { store, put } = await openAt(path)
    await store.commit([put('a')])
    for (const file of [path, `${path}-wal`]) expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  test('holds no trace of a deleted value once it is closed', async () => {
    const path = freshPath()
    const { store, put } = await openAt(path)
    await store.commit([put('a', { value: 'a very secret value' }), put('b', { value: 'a kept value' })])
    await store.commit([{ kind: 'delete', key: 'a' }])
    await store.close()
    expect(readFileSync(path).includes('a kept value')).toBe(true)
    expect(readFileSync(path).includes('a very secret value')).toBe(false)
  })

  test('empties its log when the last expired records were purged', async () => {
    const path = freshPath()
    const { store, put, clock } = await openAt(path)
    await store.commit([put('a', { value: 'a very secret value', seconds: 10 })])
    clock.advance(10)
    expect(readFileSync(`${path}-wal`).includes('a very secret value')).toBe(true)
    expect(await store.purge(10)).toBe(1)
    for (const file of [path, `${path}-wal`])
      expect(readFileSync(file).includes('a very secret value')).toBe(false)
  })
})

describe('purging a SQLite file', () => {
  test('looks at a record that lived on when it was to end, and removes it when it has ended', async () => {
    const { store, put, clock } = await openAt(':memory:')
    await store.commit(Array.from({ length: 100 }, (_, index) => put(`${index}`, { seconds: 10 })))
    await store.commit(Array.from({ length: 100 }, (_, index) => put(`${index}`, { seconds: 30 })))
    await store.commit([put('ended', { seconds: 20 })])
    clock.advance(20)
    expect(await store.purge(10)).toBe(1)
    clock.advance(10)
    expect(await store.purge(1_000)).toBe(100)
  })

  test('removes a record that ends sooner than it was to', async () => {
    const { store, put, clock } = await openAt(':memory:')
    await store.commit([put('a', { seconds: 1_000 })])
    await store.commit([put('a', { seconds: 10 })])
    clock.advance(10)
    expect(await store.purge(10)).toBe(1)
  })
})

describe('record cache of the SQLite store', () => {
  test('answers the same object until the record is written, by whomever', async () => {
    const { store, another, put } = await openAt(freshPath())
    const other = await another()
    await store.commit([put('a')])
    const [first] = await store.read(['a'])
    expect((await store.read(['a']))[0]).toBe(first)
    await other.commit([put('a', { value: 'new' })])
    const [second] = await store.read(['a'])
    expect(second?.value).toBe('new')
    expect((await store.read(['b', 'a']))[1]).toBe(second)
  })

  test('forgets what was purged, so that a clock set back does not bring it back', async () => {
    const { store, put, clock } = await openAt(':memory:')
    await store.commit([put('a', { seconds: 10 })])
    clock.advance(10)
    await store.purge(10)
    clock.advance(-10)
    expect(await store.read(['a'])).toEqual([undefined])
  })
})

describe('opening a SQLite file', () => {
  const openedAt = (path: string) => () => openSqliteStore({ path, clock: fakeClock(), random: randomBytes })

  test('refuses a newer schema and names path, found and supported', async () => {
    const path = freshPath()
    await (await openAt(path)).store.close()
    const database = new DatabaseSync(path)
    database.exec('PRAGMA user_version = 99')
    database.close()
    expect(openedAt(path)).toThrow(
      `cannot use the database ${path}: its schema version is 99, this Panoptes supports 2`,
    )
  })

  test('carries over a file of schema version 1', async () => {
    const path = freshPath()
    const { store, put, clock } = await openAt(path)
    await store.commit([put('a', { seconds: 10, indexes: ['all'] }), put('b', { seconds: 30 })])
    await store.close()
    const database = new DatabaseSync(path)
    database.exec(`DROP TRIGGER record_ends_sooner; DROP INDEX record_by_purge; ALTER TABLE record DROP COLUMN purge_at;
      CREATE INDEX record_by_expiry ON record (expires_at); PRAGMA user_version = 1`)
    database.close()
    const { store: opened } = openSqliteStore({ path, clock, random: randomBytes })
    onTestFinished(() => opened.close())
    expect(keysOf(await opened.list('all'))).toEqual(['a'])
    expect(await opened.read(['b'])).toMatchObject([{ value: 'value of b' }])
    clock.advance(10)
    expect(await opened.purge(10)).toBe(1)
    expect(await opened.read(['b'])).toMatchObject([{ key: 'b' }])
  })

  test('refuses a file that is no database', () => {
    const path = freshPath()
    writeFileSync(path, 'a text that is longer than the header of a SQLite file. '.repeat(20))
    expect(openedAt(path)).toThrow(`cannot use the database ${path}: file is not a database`)
  })

  test("refuses another program's database and leaves it as it was", () => {
    const path = freshPath()
    const database = new DatabaseSync(path)
    database.exec('CREATE TABLE theirs (id)')
    database.close()
    const before = readFileSync(path)
    expect(openedAt(path)).toThrow('it belongs to another program')
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  test('refuses a damaged file', async () => {
    const path = freshPath()
    const { store, put } = await openAt(path)
    for (let number = 0; number < 50; number += 1)
      await store.commit([put(`${number}`, { value: 'x'.repeat(2_000) })])
    await store.close()
    const content = readFileSync(path)
    content.fill(7, 8 * 4096, 16 * 4096)
    writeFileSync(path, content)
    expect(openedAt(path)).toThrow(`cannot use the database ${path}: `)
  })

  test('refuses a folder that does not exist', () => {
    const path = join(freshPath(), 'missing', 'panoptes.db')
    expect(openedAt(path)).toThrow(`cannot use the database ${path}: `)
  })
})

describe('SQLite file and other processes', () => {
  test('four processes that start on one new file and count one record up lose no count', async () => {
    const race = await raceProcesses({ kind: 'sqlite', path: freshPath() }, { processes: 4, times: 100 })
    expect(race.committed.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 400 }, (_, index) => index + 1),
    )
    expect(race.conflicts).toBeGreaterThan(0)
  })

  test('a read sees a commit of another process whole or not at all', async () => {
    const path = freshPath()
    const { store } = openSqliteStore({ path, clock: systemClock, random: randomBytes })
    onTestFinished(() => store.close())
    const seen = new Set<string>()
    await raceProcesses(
      { kind: 'sqlite', path },
      {
        processes: 1,
        times: 300,
        async meanwhile() {
          const [counter, twin] = await store.read(['counter', 'twin'])
          if (counter?.value !== twin?.value)
            throw new Error(`half a commit: ${counter?.value} and ${twin?.value}`)
          seen.add(counter?.value ?? '')
        },
      },
    )
    expect(seen.size).toBeGreaterThan(10)
  })

  test('what was acknowledged before a process is killed is there afterwards', async () => {
    const path = freshPath()
    const child = await startProcess('store-race-process.ts', { kind: 'sqlite', path })
    const acknowledged = await new Promise<number>((resolve) => {
      let last = 0
      child.on('message', ({ committed }: { committed: number }) => {
        last = committed
        if (committed === 50) child.kill('SIGKILL')
      })
      child.on('exit', () => resolve(last))
      child.send(1_000_000)
    })
    const { store } = openSqliteStore({ path, clock: systemClock, random: randomBytes })
    onTestFinished(() => store.close())
    const [record] = await store.read(['counter'])
    expect(Number(record?.value)).toBeGreaterThanOrEqual(acknowledged)
  })

  test('a lock held elsewhere stops neither reads nor the event loop, and fails commits within about a second', async () => {
    const path = freshPath()
    const { store, put } = await openAt(path)
    await store.commit([put('a')])
    const holder = await startProcess('store-lock-process.ts', path)

    const lag = watchLag()
    const begun = performance.now()
    const commit = store.commit([put('a', { value: 'new' })]).catch((failure: unknown) => failure)
    expect(await store.read(['a', 'b'])).toMatchObject([{ value: 'value of a' }, undefined])
    expect(await commit).toBeInstanceOf(StoreFailure)
    expect(performance.now() - begun).toBeLessThan(2_500)
    expect(lag.worst()).toBeLessThan(400)

    const waiting = store.commit([put('a', { value: 'new' })])
    await pause(100)
    holder.send('end')
    expect(await waiting).toBe('committed')
    expect(await store.read(['a'])).toMatchObject([{ value: 'new' }])
  })
})

/** @returns what tells the longest time in ms that the event loop did not come round */
function watchLag(): { worst(): number } {
  let [last, worst] = [performance.now(), 0]
  const timer = setInterval(() => {
    const now = performance.now()
    worst = Math.max(worst, now - last)
    last = now
  }, 5)
  onTestFinished(() => clearInterval(timer))
  return { worst: () => worst }
}
