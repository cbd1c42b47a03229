import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { brokenInvariants } from './judge/invariants.ts'
import { startLoad } from './load/load.ts'
import { startNode } from './node-process.ts'
import { patienceMs, perSecond } from './scale.ts'
import { sqliteGround } from './sqlite-ground.ts'

test(
  'R35: SIGTERM under load: readiness says no first, no request fails, what hangs is cut, and the process ends with 0',
  async () => {
    const ground = sqliteGround(undefined, ['drainNotice: 2s'])
    const node = await startNode(ground)
    const load = await startLoad({ target: () => node.url, perSecond })
    await pause(500)
    // A request that never comes to its end.
    const { hostname, port, host } = new URL(node.url)
    const hanging = connect(Number(port), hostname).on('error', () => undefined)
    const form = 'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100'
    hanging.write(`POST /v7/oauth2/token HTTP/1.1\r\nHost: ${host}\r\n${form}\r\n\r\ngrant_type=`)
    const begun = performance.now()
    node.signal('SIGTERM')
    while ((await node.readiness()) === 200) await pause(20)
    // As a load balancer does: what it heard of nobody is sent to any more.
    await load.stop()
    expect(performance.now() - begun).toBeLessThan(2_000)
    expect(load.history.filter(({ status }) => status === 0 || status >= 500)).toEqual([])
    expect(await node.ended()).toEqual({ code: 0, signal: null })
    expect(performance.now() - begun).toBeGreaterThan(10_000)
    expect(performance.now() - begun).toBeLessThan(25_000)
    await node.start()
    await load.takeStock()
    expect(brokenInvariants({ history: load.history, logs: [node.log()] })).toEqual([])
  },
  patienceMs,
)
