import { rmSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startLoad } from './load/load.ts'
import { startNode } from './node-process.ts'
import { patienceMs, perSecond, rounds } from './scale.ts'
import { expectSound, freshFolder, sqliteGround } from './sqlite-ground.ts'
import { failingCalls, fillDisk, mountSmallDisk, withoutProgram } from './tools.ts'

test(
  'R05: a sync that fails is told to nobody as success, and ends the process, which comes back clean',
  async ({ skip }) => {
    const missing = withoutProgram('fiu-run', 'fiu-utils')
    if (missing) skip(missing)
    const folder = freshFolder()
    const { options, database } = sqliteGround(folder)
    const { starter, fail } = failingCalls(folder)
    const node = await startNode({ options, starter })
    const load = await startLoad({ target: () => node.url, perSecond })
    for (let round = 0; round < rounds(5, 1); round += 1) {
      await pause(300)
      const toldFrom = performance.now()
      fail(node.pid(), 'posix/io/sync/*', constants.errno.EIO)
      const failingFrom = performance.now()
      expect(await node.ended()).toEqual({ code: 1, signal: null })
      // What was sent before may be answered from what is on the disk: a retry with the successor, a token that is gone as gone.
      const before = new Set(
        load.history.filter(({ sentAt }) => sentAt <= failingFrom).map(({ token }) => token),
      )
      const meanwhile = load.history.filter(
        ({ sentAt, kind, token }) => sentAt > failingFrom && kind !== 'call' && !before.has(token),
      )
      expect(meanwhile.filter(({ status }) => status === 200)).toEqual([])
      // On a busy machine the process may have ended before anybody asks anew: then it told those who waited.
      expect(load.history.some(({ doneAt, status }) => doneAt > toldFrom && status === 503)).toBe(true)
      expect(node.log()).toContain('"event":"store-lost"')
      await node.start()
    }
    await load.stop()
    await load.takeStock()
    await node.kill()
    expectSound(database, { history: load.history, logs: [node.log()] })
  },
  patienceMs,
)

test(
  'R06: on a full disk reads go on, a change is made or answered 503, and it recovers by itself when there is room again',
  async ({ skip }) => {
    const disk = join(freshFolder(), 'disk')
    const missing = mountSmallDisk(disk, 24 * 1_024 * 1_024)
    if (missing) skip(missing)
    const { options, database } = sqliteGround(disk)
    const node = await startNode({ options })
    const load = await startLoad({ target: () => node.url, perSecond, connections: 20 })
    const leaver = await load.connect()
    await pause(500)
    const full = performance.now()
    const ballast = join(disk, 'ballast')
    fillDisk(ballast)
    // The log has room left from before, which may be used up first.
    while (!load.history.some(({ status, kind }) => status === 503 && kind === 'refresh')) await pause(50)
    const left = await leaver.revoke()
    expect(await leaver.call()).toMatchObject({ status: left.status === 200 ? 401 : 200 })
    await pause(rounds(5_000, 1_000))
    const calls = load.history.filter(({ kind, sentAt }) => kind === 'call' && sentAt > full)
    expect(calls.length).toBeGreaterThan(20)
    expect(calls.filter(({ status }) => status !== 200 && status !== 401)).toEqual([])
    expect(node.log()).toMatch(/database or disk is full/)
    const pid = node.pid()
    rmSync(ballast)
    expect(await leaver.revoke()).toMatchObject({ status: 200 })
    expect(await leaver.call()).toMatchObject({ status: 401 })
    await pause(500)
    await load.stop()
    await load.takeStock()
    expect(node.pid()).toBe(pid)
    await node.kill()
    expectSound(database, { history: load.history, logs: [node.log()] })
  },
  patienceMs,
)
