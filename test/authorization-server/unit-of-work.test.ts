import { randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { type UnitsOfWork, unitsOfWork } from '#authorization-server/unit-of-work.ts'
import { openSqliteStore } from '#store/sqlite.ts'
import { type Change, type Store, StoreFailure } from '#store/store.ts'
import { fakeClock } from '../support/fake-clock.ts'

const clock = fakeClock()
const later = (): number => clock.now() + 60_000
const keep = (): boolean => true

let store: Store
let units: UnitsOfWork
/** Every commit that reached the store. */
let commits: (readonly Change[])[]

beforeEach(() => {
  const { store: memory } = openSqliteStore({ path: ':memory:', clock, random: randomBytes })
  commits = []
  store = {
    ...memory,
    commit(changes) {
      commits.push(changes)
      return memory.commit(changes)
    },
  }
  units = unitsOfWork(store)
})

const valueAt = async (key: string): Promise<string | undefined> => (await store.read([key]))[0]?.value
const put = (key: string, value: string, guarded = true): void =>
  units.current().put(key, () => ({ value, expiresAt: later(), guarded }))

describe('a unit of work', () => {
  test('is open within its own request alone, through every await', async () => {
    expect(() => units.current()).toThrow('no unit of work')
    const seen: unknown[] = []
    const one = units.run(async () => {
      seen.push(units.current())
      await new Promise((resolve) => setImmediate(resolve))
      seen.push(units.current())
    }, keep)
    const other = units.run(async () => void seen.push(units.current()), keep)
    await Promise.all([one, other])
    expect(seen[0]).toBe(seen[2])
    expect(seen[1]).not.toBe(seen[0])
    expect(() => units.current()).toThrow()
  })

  test('commits everything it changed at once, and nothing before its end', async () => {
    const outcome = await units.run(async () => {
      put('a', 'one')
      put('b', 'two')
      units.current().also({ kind: 'put', key: 'c', value: 'three', expiresAt: later(), expected: 'any' })
      await new Promise((resolve) => setImmediate(resolve))
      expect(commits).toEqual([])
    }, keep)
    expect(outcome).toBe('committed')
    expect(commits).toHaveLength(1)
    expect([await valueAt('a'), await valueAt('b'), await valueAt('c')]).toEqual(['one', 'two', 'three'])
  })

  test('commits nothing when nothing changed, but what it read has to be safe', async () => {
    expect(await units.run(async () => void (await units.current().read('a')), keep)).toBe('committed')
    expect(commits).toEqual([[]])
  })

  test('asks the store for nothing when it read nothing', async () => {
    expect(
      await units.run(
        async () => undefined,
        () => true,
      ),
    ).toBe('committed')
    expect(commits).toEqual([])
  })

  test('keeps nothing when its answer is a failure, and nothing when it throws', async () => {
    expect(
      await units.run(
        async () => put('a', 'one'),
        () => false,
      ),
    ).toBe('dropped')
    const thrown = units.run(async () => {
      put('a', 'one')
      throw new Error('a defect')
    }, keep)
    await expect(thrown).rejects.toThrow('a defect')
    expect(commits).toEqual([])
  })

  test('reads a record once and keeps that view', async () => {
    await units.run(async () => put('a', 'before'), keep)
    await units.run(async () => {
      const first = await units.current().read('a')
      await store.commit([{ kind: 'put', key: 'a', value: 'after', expiresAt: later(), expected: 'any' }])
      expect(await units.current().read('a')).toBe(first)
      expect(first?.value).toBe('before')
    }, keep)
  })

  test('the last change of a record counts, and a deletion takes an earlier change back', async () => {
    await units.run(async () => {
      put('a', 'one')
      put('a', 'two')
      put('b', 'one')
      units.current().delete('b')
    }, keep)
    expect([await valueAt('a'), await valueAt('b')]).toEqual(['two', undefined])
  })

  test('makes its records at the commit, so that the last state is written', async () => {
    let text = 'early'
    await units.run(async () => {
      units.current().put('a', () => ({ value: text, expiresAt: later(), guarded: true }))
      text = 'late'
    }, keep)
    expect(await valueAt('a')).toBe('late')
  })
})

describe('of two units of work on one record', () => {
  /** Both read before either commits. */
  async function race(change: (value: string) => void): Promise<readonly string[]> {
    const gate = Promise.withResolvers<void>()
    let reading = 0
    const one = (value: string): Promise<string> =>
      units.run(async () => {
        await units.current().read('a')
        reading += 1
        if (reading === 2) gate.resolve()
        await gate.promise
        change(value)
      }, keep)
    return Promise.all([one('first'), one('second')])
  }

  test('one wins when both are guarded, whether the record was there or not', async () => {
    for (const start of ['absent', 'present']) {
      if (start === 'present') await units.run(async () => put('a', 'zero'), keep)
      const outcomes = await race((value) => put('a', value))
      expect([...outcomes].sort()).toEqual(['committed', 'conflict'])
      expect(await valueAt('a')).toBe(outcomes[0] === 'committed' ? 'first' : 'second')
      await store.commit([{ kind: 'delete', key: 'a' }])
    }
  })

  test('the loser leaves nothing behind, not even what stood beside the record', async () => {
    await units.run(async () => put('a', 'zero'), keep)
    const outcomes = await race((value) => {
      put('a', value)
      put(`beside ${value}`, value, false)
      units.current().also({ kind: 'put', key: `audit ${value}`, value, expiresAt: later(), expected: 'any' })
    })
    const [winner, loser] = outcomes[0] === 'committed' ? ['first', 'second'] : ['second', 'first']
    expect([await valueAt(`beside ${winner}`), await valueAt(`audit ${winner}`)]).toEqual([winner, winner])
    expect([await valueAt(`beside ${loser}`), await valueAt(`audit ${loser}`)]).toEqual([
      undefined,
      undefined,
    ])
  })

  test('both write when neither is guarded', async () => {
    expect(await race((value) => put('a', value, false))).toEqual(['committed', 'committed'])
  })

  test('a deletion always wins over a guarded change', async () => {
    await units.run(async () => put('a', 'zero'), keep)
    const outcomes = await race((value) =>
      value === 'first' ? units.current().delete('a') : put('a', value),
    )
    expect(outcomes[0]).toBe('committed')
    expect(await valueAt('a')).toBeUndefined()
  })

  test('a record that was deleted and made again is another one', async () => {
    await units.run(async () => put('a', 'zero'), keep)
    const outcome = await units.run(async () => {
      await units.current().read('a')
      await store.commit([{ kind: 'delete', key: 'a' }])
      await store.commit([{ kind: 'put', key: 'a', value: 'zero', expiresAt: later(), expected: 'absent' }])
      put('a', 'mine')
    }, keep)
    expect(outcome).toBe('conflict')
    expect(await valueAt('a')).toBe('zero')
  })

  test('a record that has expired meanwhile is not brought back', async () => {
    await units.run(async () => put('a', 'zero'), keep)
    const outcome = await units.run(async () => {
      await units.current().read('a')
      clock.advance(61)
      put('a', 'mine')
    }, keep)
    expect(outcome).toBe('conflict')
    expect(await valueAt('a')).toBeUndefined()
  })
})

describe('when the store fails', () => {
  test('reading and committing throw, and are never taken for an empty answer', async () => {
    const broken: Store = {
      ...store,
      read: () => Promise.reject(new StoreFailure('down')),
      commit: () => Promise.reject(new StoreFailure('down')),
    }
    const failing = unitsOfWork(broken)
    const reading = failing.run(async () => void (await failing.current().read('a')), keep)
    await expect(reading).rejects.toBeInstanceOf(StoreFailure)
    const writing = failing.run(async () => failing.current().delete('a'), keep)
    await expect(writing).rejects.toBeInstanceOf(StoreFailure)
  })
})
