import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { brokenInvariants } from './judge/invariants.ts'
import { cloud } from './load/client.ts'
import { startLoad } from './load/load.ts'
import { startNode } from './node-process.ts'
import { patienceMs, perSecond, rounds } from './scale.ts'
import { expectSound, sqliteGround } from './sqlite-ground.ts'

const secretOfTheFault = 'what-only-the-fault-knows'

/** Whoever sends this header gets an answer whose first writing throws, in whichever handler it was. */
const throwOnWriting = `
  const { ServerResponse } = process.getBuiltinModule('node:http')
  const { writeHead } = ServerResponse.prototype
  const thrown = new WeakSet()
  ServerResponse.prototype.writeHead = function (...given) {
    if (this.req.headers['x-throw'] === undefined || thrown.has(this)) return writeHead.apply(this, given)
    thrown.add(this)
    throw new TypeError('${secretOfTheFault}')
  }`

const rejectUnheard = `void setTimeout(() => Promise.reject(new Error('${secretOfTheFault}')), 100)`

test(
  'R49: a handler that throws answers without a word of why, and nobody else notices',
  async () => {
    const node = await startNode({ ...sqliteGround(), isInspected: true })
    await (await node.inspector()).run(throwOnWriting)
    const load = await startLoad({ target: () => node.url, perSecond })
    const client = await load.connect()
    const form = new URLSearchParams({
      ...cloud,
      grant_type: 'refresh_token',
      refresh_token: client.refreshToken(),
    })
    const asked: readonly (readonly [path: string, status: number, init?: RequestInit])[] = [
      ['/v7/account-groups', 502, { headers: { authorization: `Bearer ${client.accessToken()}` } }],
      ['/v7/oauth2/token', 500, { method: 'POST', body: form }],
      ['/v7/oauth2/provider/keys', 500],
      ['/account', 500],
    ]
    for (const [path, status, init] of asked) {
      const headers = { ...init?.headers, 'x-throw': 'once' }
      const answer = await fetch(`${node.url}${path}`, { ...init, headers, redirect: 'manual' })
      expect([path, answer.status]).toEqual([path, status])
      expect(await answer.text()).not.toContain(secretOfTheFault)
    }
    // What was committed before its answer was lost is found again.
    expect(await client.refresh()).toMatchObject({ status: 200 })
    await load.stop()
    await load.takeStock()
    expect(node.log().split(secretOfTheFault).length).toBeGreaterThan(asked.length)
    expect(load.history.filter(({ status }) => status === 0 || status >= 500)).toEqual([])
    expect(brokenInvariants({ history: load.history, logs: [node.log()] })).toEqual([])
  },
  patienceMs,
)

test(
  'R49: a rejection that nobody handles ends the process with 1, and the next start has all that was acknowledged',
  async () => {
    const ground = sqliteGround()
    const node = await startNode({ ...ground, isInspected: true })
    const load = await startLoad({ target: () => node.url, perSecond })
    for (let round = 0; round < rounds(10, 1); round += 1) {
      await pause(500)
      const inspector = await node.inspector()
      await inspector.run(rejectUnheard)
      inspector.close()
      expect(await node.ended()).toEqual({ code: 1, signal: null })
      expect(node.log().split(secretOfTheFault).length).toBeGreaterThan(round + 1)
      await node.start()
    }
    await load.stop()
    await load.takeStock()
    await node.kill()
    expectSound(ground.database, { history: load.history, logs: [node.log()] })
  },
  patienceMs,
)
