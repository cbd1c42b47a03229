import { hash, randomBytes } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { openStore } from '#store/open-store.ts'
import { openSqliteStore, type SqliteStoreParts } from '#store/sqlite.ts'
import type { NewEpoch } from '#store/sqlite-checkpoint.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { keysOf, putFor } from './store-handles.ts'

const clock = fakeClock()
const put = putFor(clock)

function freshPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'panoptes-checkpoint-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'panoptes.db')
}

/** Timers that ring when the test says so. */
function handTimers() {
  const armed = new Set<() => void>()
  return {
    after(_: number, work: () => void) {
      armed.add(work)
      return () => void armed.delete(work)
    },
    ring() {
      const due = [...armed]
      armed.clear()
      for (const work of due) work()
    },
    armed: () => armed.size,
  }
}

function open(path: string, parts: Partial<SqliteStoreParts> = {}) {
  const timers = handTimers()
  const opened = openSqliteStore({ path, clock, random: randomBytes, after: timers.after, ...parts })
  onTestFinished(() => opened.store.close())
  return { ...opened, timers }
}

const fileOf = (path: string): string => `${path}-checkpoint`
const said = (path: string): number => Number(readFileSync(fileOf(path), 'utf8'))

/** The number in the database, read past the store. */
function found(path: string): number {
  const database = new DatabaseSync(path)
  try {
    return Number(database.prepare('SELECT number FROM checkpoint').get()?.['number'])
  } finally {
    database.close()
  }
}

/** All but the index of the log, which SQLite makes anew whenever it opens one. */
const filesBeside = (path: string): readonly (readonly [string, string])[] =>
  readdirSync(dirname(path))
    .filter((name) => !name.endsWith('-shm') && statSync(join(dirname(path), name)).isFile())
    .map((name) => [name, hash('sha256', readFileSync(join(dirname(path), name)))])

/** As a later version does, in the log of a process that is killed then. */
function raiseSchema(path: string): void {
  const [writer, standing] = [new DatabaseSync(path), new DatabaseSync(path, { readOnly: true })]
  standing.exec('BEGIN; SELECT 1 FROM record LIMIT 1')
  writer.exec('PRAGMA wal_autocheckpoint = 0; PRAGMA user_version = 9')
  writer.close()
  standing.close()
}

/** A database with the records `user:a`, `grant:b` and `grant:c`, which are listed, and a copy of it of before `grant:b` went. */
async function revokedSince(path = freshPath()) {
  const first = open(path)
  await first.store.commit(['user:a', 'grant:b', 'grant:c'].map((key) => put(key, { indexes: ['all'] })))
  await first.store.close()
  const copy = join(dirname(path), 'copy')
  cpSync(path, copy)
  const second = open(path)
  await second.store.commit([{ kind: 'delete', key: 'grant:b' }])
  await second.store.close()
  return { path, copy, putBack: () => cpSync(copy, path) }
}

const older = /its records are older than .+panoptes\.db-checkpoint says \(\d+ of \d+\).+--bump-epoch/

const newEpoch: NewEpoch = {
  outlivedBy: ['user', 'audit'],
  entry: () => put('audit:1', { indexes: ['audit'] }),
}

describe('the number of a checkpoint', () => {
  test('rises with each start, in the database and in a file for its owner alone', async () => {
    const path = freshPath()
    for (const number of [1, 2, 3]) {
      const { store } = open(path)
      expect([found(path), said(path)]).toEqual([number, number])
      await store.close()
    }
    expect(statSync(fileOf(path)).mode & 0o777).toBe(0o600)
    expect(readFileSync(fileOf(path), 'utf8')).toHaveLength(16)
  })

  test('rises once for all that changed meanwhile, and for nothing else', async () => {
    const path = freshPath()
    const { store, timers } = open(path)
    expect(timers.armed()).toBe(0)
    for (const key of ['a', 'b', 'c']) await store.commit([put(key)])
    await store.read(['a'])
    expect(timers.armed()).toBe(1)
    expect(said(path)).toBe(1)
    timers.ring()
    await vi.waitFor(() => expect([found(path), said(path)]).toEqual([2, 2]))
    expect(timers.armed()).toBe(0)
    await store.commit([put('d')])
    timers.ring()
    await vi.waitFor(() => expect(said(path)).toBe(3))
  })

  test('rises when the store is closed, if something changed since', async () => {
    const path = freshPath()
    const first = open(path)
    await first.store.commit([put('a')])
    await first.store.close()
    expect([found(path), said(path)]).toEqual([2, 2])
    const second = open(path)
    await second.store.close()
    expect([found(path), said(path)]).toEqual([3, 3])
  })

  test('rises when an image was put back', async () => {
    const path = freshPath()
    const { images, timers } = open(path)
    await images.restore([])
    timers.ring()
    await vi.waitFor(() => expect(said(path)).toBe(2))
  })

  test('costs no commit a sync, and stands in the file only once it is on the disk', async () => {
    const path = freshPath()
    const held: PromiseWithResolvers<void>[] = []
    let [syncs, isHeld] = [0, false]
    const { store, timers } = open(path, {
      async sync() {
        syncs += 1
        if (!isHeld) return
        held.push(Promise.withResolvers())
        await held.at(-1)?.promise
      },
    })
    for (let commits = 1; commits <= 50; commits += 1) {
      await store.commit([put('a', { value: `${commits}` })])
      expect(syncs).toBe(commits)
    }
    isHeld = true
    // Whoever commits in the same turn shares its sync.
    timers.ring()
    const commit = store.commit([put('b')])
    await vi.waitFor(() => expect(held).toHaveLength(1))
    for (let turns = 0; turns < 20; turns += 1) await turn()
    expect([found(path), said(path)]).toEqual([2, 1])
    isHeld = false
    held[0]?.resolve()
    expect(await commit).toBe('committed')
    await vi.waitFor(() => expect(said(path)).toBe(2))
    expect(syncs).toBe(51)
  })

  test('is never lowered by whoever is late', async () => {
    const path = freshPath()
    let held: PromiseWithResolvers<void> | undefined
    let isHeld = false
    const late = open(path, {
      async sync() {
        if (!isHeld) return
        held = Promise.withResolvers()
        await held.promise
      },
    })
    await late.store.commit([put('a')])
    isHeld = true
    late.timers.ring()
    await vi.waitFor(() => expect(held).toBeDefined())
    const other = open(path)
    for (const key of ['b', 'c', 'd']) {
      await other.store.commit([put(key)])
      const before = said(path)
      other.timers.ring()
      await vi.waitFor(() => expect(said(path)).toBeGreaterThan(before))
    }
    const reached = said(path)
    expect(found(path)).toBe(reached)
    isHeld = false
    held?.resolve()
    await late.store.close()
    expect(said(path)).toBe(reached)
  })

  test('is tried again when the file could not be written', async () => {
    const path = freshPath()
    const elsewhere = join(dirname(path), 'elsewhere')
    const { store, timers } = open(path, { checkpoint: elsewhere })
    writeFileSync(elsewhere, 'words')
    await store.commit([put('a')])
    timers.ring()
    await vi.waitFor(() => expect(timers.armed()).toBe(1))
    rmSync(elsewhere)
    timers.ring()
    await vi.waitFor(() => expect(Number(readFileSync(elsewhere, 'utf8'))).toBe(found(path)))
  })

  test('rises while the file cannot be written without the log growing longer than other changes make it', async () => {
    const path = freshPath()
    const elsewhere = join(dirname(path), 'elsewhere')
    const { store, timers } = open(path, { checkpoint: elsewhere, sync: async () => undefined })
    writeFileSync(elsewhere, 'words')
    await store.commit([put('a')])
    for (let rings = 0; rings < 500; rings += 1) {
      timers.ring()
      await vi.waitFor(() => expect(timers.armed()).toBe(1), { interval: 1 })
    }
    // It is copied once 300 records were changed, and begun anew with a number of its own.
    expect(found(path)).toBe(502)
    expect(statSync(`${path}-wal`).size).toBeLessThan(1.6 * 2 ** 20)
  })

  test('is none in memory', async () => {
    const { store, timers } = open(':memory:')
    await store.commit([put('a')])
    expect(timers.armed()).toBe(0)
    expect(existsSync(':memory:-checkpoint')).toBe(false)
  })
})

describe('a database beside its checkpoint', () => {
  test('is refused when it is an older copy, and stays as it is', async () => {
    const { path, copy, putBack } = await revokedSince()
    putBack()
    const before = said(path)
    for (let times = 0; times < 2; times += 1) expect(() => open(path)).toThrow(older)
    expect(() => open(path)).not.toThrow('\n')
    expect(said(path)).toBe(before)
    expect(readFileSync(path).equals(readFileSync(copy))).toBe(true)
  })

  test('is refused when what is put back is of a version without checkpoints', async () => {
    const { path, putBack } = await revokedSince()
    putBack()
    const database = new DatabaseSync(path)
    database.exec('DROP TABLE checkpoint')
    database.close()
    expect(() => open(path)).toThrow(older)
  })

  test('is refused when its log was removed', async () => {
    const path = freshPath()
    const { store } = open(path)
    await store.commit([put('a')])
    const left = join(dirname(path), 'left', 'panoptes.db')
    cpSync(path, left)
    cpSync(fileOf(path), fileOf(left))
    // All records were in the log: what is left is empty, and no new database.
    expect(() => open(left)).toThrow(older)
    await store.close()
    cpSync(path, left)
    expect(await open(left).store.read(['a'])).toMatchObject([{ key: 'a' }])
  })

  test('is taken when it is of a version without checkpoints, which opens it again', async () => {
    const path = freshPath()
    const first = open(path)
    await first.store.commit([put('a')])
    await first.store.close()
    const database = new DatabaseSync(path)
    const version = database.prepare('PRAGMA user_version').get()
    database.exec('DROP TABLE checkpoint')
    database.close()
    rmSync(fileOf(path))
    const { store } = open(path)
    expect(await store.read(['a'])).toMatchObject([{ key: 'a' }])
    expect([found(path), said(path)]).toEqual([1, 1])
    await store.close()
    const after = new DatabaseSync(path)
    expect(after.prepare('PRAGMA user_version').get()).toEqual(version)
    after.close()
  })

  test('is taken when it is new, and goes on above the number of the one before', async () => {
    const { path } = await revokedSince()
    const before = said(path)
    rmSync(path)
    const { store } = open(path)
    expect([found(path), said(path)]).toEqual([before + 1, before + 1])
    await store.commit([put('a')])
    await store.close()
    expect(() => open(path)).not.toThrow()
  })

  test.each([
    ['no number', 'words\n', 'is no number; remove it if you know that these records are the newest'],
    ['less than a number', '-1\n', 'is no number'],
  ])('is refused when that is %s', async (_, words, problem) => {
    const { path } = await revokedSince()
    writeFileSync(fileOf(path), words)
    expect(() => open(path)).toThrow(problem)
  })

  test.each([
    ['empty, as a start that was killed leaves it', ''],
    ['of zeros, as a loss of power may leave it', '\0'.repeat(16)],
  ])('is taken when that is %s', async (_, content) => {
    const { path } = await revokedSince()
    writeFileSync(fileOf(path), content)
    open(path)
    expect(said(path)).toBe(found(path))
  })

  test('is refused when that is a directory, by its name', () => {
    const path = freshPath()
    const checkpoint = dirname(path)
    expect(() => open(path, { checkpoint })).toThrow(`its checkpoint ${checkpoint} cannot be read: EISDIR`)
  })

  test('is refused when that cannot be written, as nothing would ever tell an older copy', () => {
    const path = freshPath()
    expect(() => open(path, { checkpoint: join(dirname(path), 'missing', 'checkpoint') })).toThrow(
      /cannot use the database .+: its checkpoint cannot be written: ENOENT/,
    )
  })

  test('is refused when it is older than the log that it finds, though that says the newest number', async () => {
    const { path, copy } = await revokedSince()
    const { store } = open(path)
    await store.commit([{ kind: 'delete', key: 'grant:c' }, put('short', { seconds: 1 })])
    clock.advance(2)
    // The log begins anew, and nothing in it is of `grant:c` any more.
    expect(await store.purge(10)).toBe(1)
    await store.commit([put('late')])
    const left = join(dirname(path), 'left', 'panoptes.db')
    cpSync(copy, left)
    for (const end of ['-wal', '-mark', '-checkpoint']) cpSync(`${path}${end}`, `${left}${end}`)
    const problem = /it is older than its log \(\d+ of \d+\): put back .+ or remove .+panoptes\.db-wal/
    for (let times = 0; times < 2; times += 1) expect(() => open(left)).toThrow(problem)
    // The log of a link is that of the file.
    symlinkSync(left, `${path}.link`)
    expect(() => open(`${path}.link`)).toThrow(problem)
    expect(() => open(left, { isEpochBumped: true, newEpoch })).toThrow(problem)
    rmSync(`${left}-wal`)
    expect(() => open(left)).toThrow(older)
    cpSync(path, left)
    cpSync(`${path}-wal`, `${left}-wal`)
    expect(await open(left).store.read(['grant:c', 'late'])).toMatchObject([undefined, { key: 'late' }])
  })

  test.each<[string, (path: string) => void, RegExp]>([
    ['older than its checkpoint', (path) => writeFileSync(fileOf(path), '99'), older],
    ['of a newer schema', (path) => raiseSchema(path), /its schema version is 9, this Panoptes supports 2/],
  ])('leaves every file as it was when it is refused as %s, its log too', async (_, spoil, problem) => {
    const path = freshPath()
    await open(path).store.close()
    const { store } = open(path)
    const left = join(dirname(path), 'left', 'panoptes.db')
    for (let at = 0; at < 100; at += 1) await store.commit([put(`${at}`, { value: 'x'.repeat(3_000) })])
    for (const end of ['', '-wal', '-mark', '-checkpoint']) cpSync(`${path}${end}`, `${left}${end}`)
    spoil(left)
    const before = filesBeside(left)
    expect(before.map(([name]) => name)).toContain('panoptes.db-wal')
    for (let times = 0; times < 2; times += 1) expect(() => open(left)).toThrow(problem)
    expect(filesBeside(left)).toEqual(before)
  })

  test('leaves no file behind where it is refused without a log', async () => {
    const { path, putBack } = await revokedSince()
    putBack()
    const before = filesBeside(path)
    expect(() => open(path)).toThrow(older)
    expect(filesBeside(path)).toEqual(before)
    expect(existsSync(`${path}-shm`)).toBe(false)
  })

  test('is taken as it stands at any moment, however often its log was begun anew', async () => {
    const path = freshPath()
    const left = join(dirname(path), 'left', 'panoptes.db')
    const { store, timers } = open(path)
    const steps = [
      () => store.commit([put('a', { value: 'a'.repeat(3_000) }), put('short', { seconds: 1 })]),
      async () => timers.ring(),
      () => pause(5),
      () => store.purge(10),
      () => store.commit([put('b')]),
    ]
    const runs = new Set<string>()
    for (let moment = 0; moment < 40; moment += 1) {
      await steps[moment % steps.length]?.()
      clock.advance(1)
      for (const end of ['', '-wal', '-mark', '-checkpoint'])
        cpSync(`${path}${end}`, `${left}${end}`, { force: true })
      runs.add(readFileSync(`${left}-mark`, 'utf8').slice(0, 16))
      const other = openSqliteStore({ path: left, clock, random: randomBytes })
      expect(await other.store.read(['a'])).toHaveLength(1)
      await other.store.close()
    }
    expect(runs.size).toBeGreaterThan(5)
  })

  test('is the same through a link', async () => {
    const { path, putBack } = await revokedSince()
    putBack()
    symlinkSync(path, `${path}.link`)
    expect(() => open(`${path}.link`)).toThrow(older)
  })
})

describe('a new epoch', () => {
  test('ends all records of an older copy but those of kinds that stay, and tells of it', async () => {
    const { path, putBack } = await revokedSince()
    putBack()
    const before = said(path)
    const { store } = open(path, { isEpochBumped: true, newEpoch })
    expect(await store.read(['grant:b', 'grant:c'])).toEqual([undefined, undefined])
    expect(keysOf(await store.list('all'))).toEqual(['user:a'])
    expect(keysOf(await store.list('audit'))).toEqual(['audit:1'])
    expect([found(path), said(path)]).toEqual([before + 1, before + 1])
    for (const file of [path, `${path}-wal`])
      expect(readFileSync(file).includes('value of grant:b')).toBe(false)
    await store.close()
    expect(await open(path).store.read(['user:a', 'grant:c'])).toMatchObject([{ key: 'user:a' }, undefined])
  })

  test('is begun wholly or not at all', async () => {
    const { path, putBack } = await revokedSince()
    putBack()
    const entry = () => {
      throw new Error('struck down')
    }
    expect(() => open(path, { isEpochBumped: true, newEpoch: { ...newEpoch, entry } })).toThrow('struck down')
    expect(() => open(path)).toThrow(older)
    const database = new DatabaseSync(path, { readOnly: true })
    expect(database.prepare('SELECT count(*) AS records FROM record').get()).toEqual({ records: 3 })
    database.close()
  })

  test('is begun on the newest records too, as a checkpoint may have been lost', async () => {
    const { path } = await revokedSince()
    const { store } = open(path, { isEpochBumped: true, newEpoch })
    expect(keysOf(await store.list('all'))).toEqual(['user:a'])
  })

  test('is none for whoever cannot begin one: the older copy is refused', async () => {
    const { path, putBack } = await revokedSince()
    putBack()
    expect(() => open(path, { isEpochBumped: true })).toThrow(older)
  })
})

describe('a database that is only looked at', () => {
  const looking = { clock, random: randomBytes, staysAsItIs: true, newEpoch }

  test('keeps its number and its records, also when a start would begin a new epoch', async () => {
    const { path, putBack } = await revokedSince()
    const before = said(path)
    await (await openStore({ kind: 'sqlite', path }, looking)).store.close()
    expect([found(path), said(path)]).toEqual([before, before])
    putBack()
    await expect(openStore({ kind: 'sqlite', path }, looking)).rejects.toThrow(older)
    const { store } = await openStore({ kind: 'sqlite', path, isEpochBumped: true }, looking)
    expect(keysOf(await store.list('all'))).toEqual(['grant:b', 'grant:c', 'user:a'])
    await store.close()
    await expect(openStore({ kind: 'sqlite', path }, looking)).rejects.toThrow(older)
  })

  test('gets no checkpoint', async () => {
    const { path } = await revokedSince()
    rmSync(fileOf(path))
    await (await openStore({ kind: 'sqlite', path }, looking)).store.close()
    expect(existsSync(fileOf(path))).toBe(false)
  })

  test('is not taken for an older one while another process raises its number', async () => {
    const path = freshPath()
    const { store } = open(path, {
      after(_, work) {
        const immediate = setImmediate(work)
        return () => clearImmediate(immediate)
      },
    })
    let isOver = false
    const writing = (async () => {
      for (let number = 0; !isOver; number += 1) await store.commit([put('a', { value: `${number}` })])
    })()
    for (let looks = 0; looks < 100; looks += 1) {
      await (await openStore({ kind: 'sqlite', path }, looking)).store.close()
      await pause(1)
    }
    isOver = true
    await writing
    expect(said(path)).toBeGreaterThan(3)
  })
})
