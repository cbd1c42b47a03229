import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '#domain/clock.ts'
import { isRefusal } from '#domain/refusal.ts'
import { userIdOf } from '#domain/user.ts'
import { openStore } from '#store/open-store.ts'
import type { Store } from '#store/store.ts'
import {
  holdManyTokens,
  holdTokens,
  keyNamed,
  memoryStore,
  type OpenedVault,
  openedTokens,
  tokensHeld,
  vaultOn,
} from './open-vault.ts'

const [a, b, c] = [keyNamed('a'), keyNamed('b'), keyNamed('c')]

async function rewrapAll({ work }: OpenedVault): Promise<number> {
  let rewrapped = 0
  for (let after: string | undefined = ''; after !== undefined; ) {
    const round: Awaited<ReturnType<typeof work.rewrap>> = await work.rewrap(after)
    if (isRefusal(round)) throw new Error(round.description)
    rewrapped += round.rewrapped
    after = round.after
  }
  return rewrapped
}

const standingOf = async ({ work }: OpenedVault): Promise<Record<string, number>> =>
  Object.fromEntries((await work.standing()).map(({ id, sealedTokens }) => [id, sealedTokens]))

describe('wrapping anew, reliability R39', () => {
  test('moves every record to the newest key, and a second time nothing', async () => {
    const store = await memoryStore()
    await holdTokens(vaultOn(store, [a]), 230)
    const vault = vaultOn(store, [b, a])
    expect(await standingOf(vault)).toEqual({ b: 0, a: 230 })
    expect(await rewrapAll(vault)).toBe(230)
    expect(await rewrapAll(vault)).toBe(0)
    expect(await standingOf(vault)).toEqual({ b: 230, a: 0 })
    expect(await openedTokens(vault)).toEqual(tokensHeld(230))
  })

  test('leaves the sealed texts as they were', async () => {
    const store = await memoryStore()
    await holdTokens(vaultOn(store, [a]), 3)
    const texts = async (vault: OpenedVault) =>
      (await vault.records.page('', 9)).map(({ record }) => record.token.text)
    const before = await texts(vaultOn(store, [a]))
    const vault = vaultOn(store, [b, a])
    await rewrapAll(vault)
    expect(await texts(vault)).toEqual(before)
  })

  test('lets the old key go once nothing refers to it, and not before', async () => {
    const store = await memoryStore()
    await holdTokens(vaultOn(store, [a]), 120)
    const vault = vaultOn(store, [b, a])
    await vault.work.rewrap('')
    expect(await vault.work.retire()).toEqual([])
    expect(await vaultOn(store, [b]).work.problem()).toMatch(/key a is missing/)
    await rewrapAll(vault)
    expect(await vault.work.retire()).toEqual(['a'])
    const alone = vaultOn(store, [b])
    expect(await alone.work.problem()).toBeUndefined()
    expect(await openedTokens(alone)).toEqual(tokensHeld(120))
  })

  test('puts a key back on the list when a node still seals with it', async () => {
    const store = await memoryStore()
    const late = vaultOn(store, [a])
    await holdTokens(late, 1)
    const vault = vaultOn(store, [b, a])
    await rewrapAll(vault)
    await vault.work.retire()
    await late.records.remove(userIdOf('us1', '1'), [])
    await holdTokens(vaultOn(store, [a, b]), 1)
    expect(await vaultOn(store, [b]).work.problem()).toMatch(/key a is missing/)
  })

  test('keeps a key on the list that a record came to refer to while all records were looked at', async () => {
    const store = await memoryStore()
    await holdTokens(vaultOn(store, [a]), 1)
    const vault = vaultOn(store, [b, a])
    await rewrapAll(vault)
    let looks = 0
    const watched: Store = {
      ...store,
      async list(index, options) {
        const listed = await store.list(index, options)
        looks += 1
        if (looks === 1) await holdTokens(vaultOn(store, [a, b]), 2)
        return listed
      },
    }
    expect(await vaultOn(watched, [b, a]).work.retire()).toEqual([])
    expect(looks).toBe(2)
  })

  test('loses no token that a user replaced meanwhile', async () => {
    const store = await memoryStore()
    await holdTokens(vaultOn(store, [a]), 5)
    let raced = false
    const racing: Store = {
      ...store,
      async commit(changes) {
        if (!raced) {
          raced = true
          const other = vaultOn(store, [b, a])
          await other.records.change(
            userIdOf('us1', '3'),
            (before) => before && { record: { ...before, linkedAt: 7 } },
          )
        }
        return store.commit(changes)
      },
    }
    expect(await rewrapAll(vaultOn(racing, [b, a]))).toBe(5)
    const found = await vaultOn(store, [b]).records.find(userIdOf('us1', '3'))
    expect([found?.record.linkedAt, found?.record.token.keyId]).toEqual([7, 'b'])
  })
})

describe('keys that are missing or wrong, reliability R40', () => {
  const images = async (store: Store) =>
    (await store.list('upstream-credentials')).map(({ version }) => version)

  test.each([
    ['missing', [b], /key a is missing/],
    ['another one under its id', [keyNamed('a', 1)], /key a is another one/],
    ['missing behind others', [c, b], /key a is missing/],
  ] as const)('make the node not ready when one is %s, and no row changes', async (_, keys, words) => {
    const store = await memoryStore()
    await holdTokens(vaultOn(store, [a]), 3)
    const before = await images(store)
    const [newest, ...older] = keys
    const vault = vaultOn(store, [newest, ...older])
    expect(await vault.work.problem()).toMatch(words)
    expect(await vault.work.rewrap('')).toMatchObject({ code: 'keys_out_of_order' })
    await expect(holdTokens(vault, 4)).resolves.toBeUndefined()
    expect(await images(store)).toEqual(before)
    expect(await vaultOn(store, [a]).work.problem()).toBeUndefined()
  })

  test('do not matter while nothing is sealed', async () => {
    expect(await vaultOn(await memoryStore(), [a]).work.problem()).toBeUndefined()
  })

  test('of two nodes that seal first with different keys of one id, one is told', async () => {
    const store = await memoryStore()
    await Promise.all([holdTokens(vaultOn(store, [a]), 1), holdTokens(vaultOn(store, [keyNamed('a', 1)]), 1)])
    const problems = await Promise.all([
      vaultOn(store, [a]).work.problem(),
      vaultOn(store, [keyNamed('a', 1)]).work.problem(),
    ])
    expect(problems.filter((problem) => problem === undefined)).toHaveLength(1)
  })
})

describe('wrapping anew in a process that is killed', () => {
  const rows = 6_000
  /** Done rounds of a hundred, after which it is killed, each time from the beginning of the list. */
  const kills = [3, 20, 40]

  async function openFile(path: string): Promise<Store> {
    const { store } = await openStore({ kind: 'sqlite', path }, { clock: systemClock, random: randomBytes })
    onTestFinished(() => store.close())
    return store
  }

  /** Ends the process once it said so often that a round is done. */
  async function killedAfter(path: string, rounds: number): Promise<void> {
    const child = fork(join(import.meta.dirname, 'rewrap-process.ts'), [path], { execArgv: [] })
    onTestFinished(() => void child.kill('SIGKILL'))
    let seen = 0
    child.on('message', () => {
      seen += 1
      if (seen === rounds) child.kill('SIGKILL')
    })
    await once(child, 'exit')
    expect(seen).toBeGreaterThanOrEqual(rounds)
  }

  test('three times goes on where it was, and every row opens at every moment', {
    timeout: 120_000,
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'panoptes-rewrap-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const path = join(folder, 'panoptes.db')
    const store = await openFile(path)
    await holdManyTokens(vaultOn(store, [a]), rows)
    const watcher = vaultOn(store, [b, a])
    let left = rows
    for (const rounds of kills) {
      let isOver = false
      const over = killedAfter(path, rounds).finally(() => {
        isOver = true
      })
      do {
        expect(await openedTokens(watcher)).toEqual(tokensHeld(rows))
        await turn()
      } while (!isOver)
      await over
      const { a: after = 0 } = await standingOf(watcher)
      expect(after).toBeGreaterThan(0)
      expect(after).toBeLessThan(left)
      left = after
      expect(await watcher.work.retire()).toEqual([])
    }
    expect(await rewrapAll(watcher)).toBe(left)
    expect(await watcher.work.retire()).toEqual(['a'])
    expect(await openedTokens(vaultOn(store, [b]))).toEqual(tokensHeld(rows))
  })
})
