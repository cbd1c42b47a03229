import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { brokenInvariants } from './judge/invariants.ts'
import { startLoad } from './load/load.ts'
import { startNode } from './node-process.ts'
import { untilNot503 } from './redis-ground.ts'
import { patienceMs, perSecond, rounds } from './scale.ts'
import { sqliteGround } from './sqlite-ground.ts'

/** Sends a refresh and resets the connection (RST) before an answer can come. */
async function vanish(url: string, refreshToken: string, afterMs: number): Promise<void> {
  const { hostname, port, host } = new URL(url)
  const credentials = { client_id: 'meraki', client_secret: 'meraki-secret' }
  const form = new URLSearchParams({
    ...credentials,
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
  }).toString()
  const head = [
    'POST /v7/oauth2/token HTTP/1.1',
    `Host: ${host}`,
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${form.length}`,
  ]
  const socket = connect(Number(port), hostname)
  socket.on('error', () => undefined)
  await new Promise((resolve) => {
    socket.write(`${head.join('\r\n')}\r\n\r\n${form}`, resolve)
  })
  await pause(afterMs)
  socket.resetAndDestroy()
}

test(
  'R50: a client that vanishes in the midst of a refresh gets the successor when it comes back',
  async () => {
    const node = await startNode({ options: sqliteGround().options })
    const load = await startLoad({ target: () => node.url, perSecond: perSecond / 4 })
    const client = await load.connect()
    let spent = 0
    for (let round = 0; round < rounds(100, 12); round += 1) {
      const before = client.refreshToken()
      await vanish(node.url, before, round % 5)
      expect(await untilNot503(client.rival(node.url).refresh)).toBe(200)
      expect(await untilNot503(client.refresh)).toBe(200)
      expect(client.refreshToken()).not.toBe(before)
      spent += 1
    }
    expect(spent).toBeGreaterThan(10)
    await load.stop()
    await load.takeStock()
    expect(brokenInvariants({ history: load.history, logs: [node.log()] })).toEqual([])
  },
  patienceMs,
)
