import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { brokenInvariants } from './judge/invariants.ts'
import { startLoad } from './load/load.ts'
import { startInVain, startNode } from './node-process.ts'
import { patienceMs, perSecond } from './scale.ts'
import { sqliteGround } from './sqlite-ground.ts'

test(
  'R54: SIGHUP with a configuration that was half written changes nothing, and the log says what is wrong with it',
  async () => {
    const ground = sqliteGround()
    const node = await startNode(ground)
    const load = await startLoad({ target: () => node.url, perSecond })
    const whole = readFileSync(ground.configuration, 'utf8')
    const hangUp = async (words: string): Promise<void> => {
      node.signal('SIGHUP')
      while (!node.log().includes(words)) await pause(20)
    }
    // Cut within a quoted text, as a writer that is interrupted leaves it.
    writeFileSync(ground.configuration, `${whole}trustedProxies: ["10.0`)
    await hangUp('"event":"configuration-refused"')
    await pause(500)
    expect(node.isRunning()).toBe(true)
    const { code, words } = await startInVain({
      options: [...ground.options, '--port', '0', '--operator-port', '0'],
    })
    expect(code).toBe(1)
    expect(words).toMatch(/^panoptes: .*faults\.yaml.*\n$/)
    writeFileSync(ground.configuration, whole)
    await hangUp('"event":"configuration-read"')
    await load.stop()
    await load.takeStock()
    expect(load.history.filter(({ status }) => status === 0 || status >= 500)).toEqual([])
    expect(brokenInvariants({ history: load.history, logs: [node.log()] })).toEqual([])
  },
  patienceMs,
)
