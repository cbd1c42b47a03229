import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { brokenInvariants } from './judge/invariants.ts'
import { startLoad } from './load/load.ts'
import { startNode } from './node-process.ts'
import { patienceMs, perSecond, rounds } from './scale.ts'
import { sqliteGround } from './sqlite-ground.ts'

/** Another process that holds the write lock. @returns what lets go */
async function holdLock(database: string): Promise<() => Promise<void>> {
  const holder = fork('test/contract/store-lock-process.ts', [JSON.stringify(database)])
  onTestFinished(() => void holder.kill('SIGKILL'))
  await once(holder, 'message')
  return async () => {
    holder.send('let go')
    await once(holder, 'exit')
  }
}

test(
  'R08: while another process holds the lock, reads go on at once and whoever writes hears 503 at the deadline',
  async () => {
    const { options, database } = sqliteGround()
    const node = await startNode({ options })
    const load = await startLoad({ target: () => node.url, perSecond })
    await pause(500)
    const letGo = await holdLock(database)
    const heldFrom = performance.now()
    await pause(rounds(10_000, 3_000))
    const heldUntil = performance.now()
    await letGo()
    await pause(500)
    await load.stop()
    const during = load.history.filter(({ sentAt, doneAt }) => sentAt > heldFrom && doneAt < heldUntil)
    const waits = (of: string): readonly number[] =>
      during
        .filter(({ kind }) => kind === of)
        .map(({ sentAt, doneAt }) => doneAt - sentAt)
        .toSorted((one, next) => one - next)
    expect(during.filter(({ kind, status }) => kind === 'call' && status !== 200 && status !== 401)).toEqual(
      [],
    )
    // Waiting for the lock as SQLite does it would hold the event loop, and every call, for as long as its patience.
    const calls = waits('call')
    expect(calls[Math.floor(calls.length / 2)]).toBeLessThan(300)
    expect(calls.at(-1)).toBeLessThan(2_000)
    const refused = during.filter(({ kind, status }) => kind === 'refresh' && status === 503)
    expect(refused.length).toBeGreaterThan(5)
    expect(during.filter(({ kind, status }) => kind === 'refresh' && status === 200)).toEqual([])
    expect(waits('refresh').at(-1)).toBeLessThan(3_000)
    await load.takeStock()
    expect(brokenInvariants({ history: load.history, logs: [node.log()] })).toEqual([])
  },
  patienceMs,
)
