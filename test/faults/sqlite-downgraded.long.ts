import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { generate } from '../account/api-token.ts'
import { callWith, ops, signedIn } from '../account/signed-in.ts'
import { freePort } from '../support/free-port.ts'
import { earlierVersion, withoutHistory } from './earlier-version.ts'
import { startLoad } from './load/load.ts'
import { makeObjects, readObjects } from './made-objects.ts'
import { type NodeProcess, startNode } from './node-process.ts'
import { patienceMs } from './scale.ts'
import { expectSound, sqliteGround } from './sqlite-ground.ts'

/** Beside it hundreds of objects are made and read, which a node that has too much to do would let wait. */
const perSecond = 40

test(
  'R36: a data directory is upgraded, downgraded and upgraded again, and keeps everything',
  async ({ skip }) => {
    const missing = withoutHistory()
    if (missing) skip(missing)
    const ground = sqliteGround()
    const earlier = earlierVersion()
    const port = await freePort()
    const url = `http://localhost:${port}`
    const lives: NodeProcess[] = []
    const live = async (clone?: string): Promise<void> => {
      lives.push(await startNode({ ...(clone && { clone }), options: ground.options, port }))
    }
    const end = async (): Promise<void> => {
      const node = lives.at(-1)
      node?.signal('SIGTERM')
      expect(await node?.ended()).toEqual({ code: 0, signal: null })
    }

    await live(earlier)
    const load = await startLoad({ target: () => url, perSecond })
    const person = await signedIn({ url }, ops)
    const ofEarlier = await makeObjects({ url })
    const tokens = [await generate({ url }, person)]
    const readByEarlier = await readObjects({ url }, ofEarlier)
    await end()

    await live()
    expect(Object.values(await readObjects({ url }, ofEarlier))).not.toContain(undefined)
    const ofNow = await makeObjects({ url })
    expect(ofNow.length).toBeGreaterThan(ofEarlier.length)
    tokens.push(await generate({ url }, person, { name: 'Of now' }))
    const all = [...ofEarlier, ...ofNow]
    const readByNow = await readObjects({ url }, all)
    await pause(3_000)
    await end()

    // What the earlier version knows nothing of it leaves as it is.
    await live(earlier)
    expect(await readObjects({ url }, ofEarlier)).toEqual(readByEarlier)
    await readObjects({ url }, ofNow)
    const again = await makeObjects({ url })
    // Users, and whatever else has a name of its own, are there already.
    expect(again.length).toBeGreaterThan(ofEarlier.length / 2)
    await pause(3_000)
    await end()

    await live()
    expect(await readObjects({ url }, all)).toEqual(readByNow)
    expect(new Set([...all, ...again]).size).toBe(all.length + again.length)
    expect((await person.open(`${url}/account`)).text).toContain('Sign out')
    for (const token of tokens) expect(await callWith({ url }, token)).toBe(200)
    await pause(1_000)
    await load.stop()
    await load.takeStock()
    await end()
    expectSound(ground.database, { history: load.history, logs: lives.map((node) => node.log()) })
  },
  patienceMs,
)
