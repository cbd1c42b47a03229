import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { serve } from '../../src/serving.ts'
import { readSettings } from '../../src/settings.ts'
import { freePort } from '../support/free-port.ts'

/** Asks until the port is bound. @returns the answer to the request that was accepted first */
async function askAtOnce(url: string): Promise<Response> {
  for (;;)
    try {
      return await fetch(url, { signal: AbortSignal.timeout(10_000) })
    } catch (error) {
      if (!JSON.stringify((error as Error).cause).includes('ECONNREFUSED')) throw error
      await pause(1)
    }
}

const machine = {
  clock: { now: (): number => Date.now() },
  engineNow: (): number => Date.now(),
  randomBytes,
  newUuid: randomUUID,
  fetch,
  log: (): void => undefined,
}

describe('start', () => {
  test('answers requests that arrive after the ports are bound and before the composition stands', async () => {
    const [port, operatorPort] = [await freePort(), await freePort()]
    const settings = readSettings(['--port', String(port), '--operator-port', String(operatorPort)], {})
    const early = ['/', '/v7/tests'].map((path) =>
      askAtOnce(`http://127.0.0.1:${port}${path}`).then(({ status }) => status),
    )
    const live = askAtOnce(`http://127.0.0.1:${operatorPort}/health/live`).then(({ status }) => status)
    const serving = await serve(settings, machine)
    try {
      expect(await Promise.all(early)).toEqual([200, 401])
      expect(await live).toBe(200)
    } finally {
      await serving.stop(500)
    }
  })
})
