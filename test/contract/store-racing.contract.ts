import { describe, expect, test } from 'vitest'
import type { Store } from '#store/store.ts'
import { type Opened, versionOf } from './store-handles.ts'

const count = (outcomes: readonly string[], wanted: string): number =>
  outcomes.filter((outcome) => outcome === wanted).length

/** Parallel commits, through one handle and through two. */
export function describeRacing(opened: Opened): void {
  describe.each(['one handle', 'two handles'])('under parallel commits through %s', (handles) => {
    async function racing() {
      const { store, another, put } = await opened()
      const other = handles === 'two handles' ? await another() : store
      const inTurn = (number: number): Store => (number % 2 === 0 ? store : other)
      return { store, other, inTurn, put }
    }
    const fifty = Array.from({ length: 50 }, (_, number) => number)

    test('exactly one of 50 that expect the same version wins', async () => {
      const { store, inTurn, put } = await racing()
      await store.commit([put('a')])
      for (let round = 0; round < 5; round += 1) {
        const expected = await versionOf(store, 'a')
        const outcomes = await Promise.all(
          fifty.map((number) => inTurn(number).commit([put('a', { expected, value: `${round}.${number}` })])),
        )
        expect(count(outcomes, 'committed')).toBe(1)
        expect(await store.read(['a'])).toMatchObject([
          { value: `${round}.${outcomes.indexOf('committed')}` },
        ])
      }
    })

    test('exactly one of 50 that expect no record wins', async () => {
      const { store, inTurn, put } = await racing()
      const outcomes = await Promise.all(
        fifty.map((number) => inTurn(number).commit([put('a', { expected: 'absent', value: `${number}` })])),
      )
      expect(count(outcomes, 'committed')).toBe(1)
      expect(await store.read(['a'])).toMatchObject([{ value: `${outcomes.indexOf('committed')}` }])
    })

    test('a refused commit leaves nothing behind and takes no other along', async () => {
      const { store, inTurn, put } = await racing()
      const outcomes = await Promise.all(
        fifty.map((number) =>
          inTurn(number).commit([
            put(`own ${number}`),
            put('shared', { expected: number % 5 === 0 ? 'no such version' : 'any' }),
          ]),
        ),
      )
      const records = await store.read(fifty.map((number) => `own ${number}`))
      expect(count(outcomes, 'conflict')).toBe(10)
      expect(records.map((record) => record !== undefined)).toEqual(
        outcomes.map((outcome) => outcome === 'committed'),
      )
    })

    test('a deletion wins against replacements that expect the version it deletes', async () => {
      const { store, inTurn, put } = await racing()
      for (let round = 0; round < 10; round += 1) {
        await store.commit([put('a', { indexes: ['all'] })])
        const expected = await versionOf(store, 'a')
        const replacements = fifty
          .slice(0, 5)
          .map((number) => inTurn(number).commit([put('a', { expected })]))
        await Promise.all([...replacements, inTurn(round).commit([{ kind: 'delete', key: 'a' }])])
        expect(await store.read(['a'])).toEqual([undefined])
        expect(await store.list('all')).toEqual([])
      }
    })

    test('a read sees each commit that was acknowledged before it, also of a record read before', async () => {
      const { store, other, put } = await racing()
      for (let round = 0; round < 20; round += 1) {
        await other.commit([put('a', { value: `${round}` })])
        expect(await store.read(['a'])).toMatchObject([{ value: `${round}` }])
      }
      await other.commit([{ kind: 'delete', key: 'a' }])
      expect(await store.read(['a'])).toEqual([undefined])
    })

    test('a read sees a commit whole or not at all', async () => {
      const { store, other, put } = await racing()
      const commitPairs = async (): Promise<void> => {
        for (let round = 0; round < 50; round += 1)
          await other.commit([put('a', { value: `${round}` }), put('b', { value: `${round}` })])
      }
      let writing = true
      const written = commitPairs().finally(() => {
        writing = false
      })
      while (writing) {
        const [a, b] = await store.read(['a', 'b'])
        expect(a?.value).toBe(b?.value)
        await new Promise((resolve) => setImmediate(resolve))
      }
      await written
    })
  })
}
