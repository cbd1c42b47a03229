import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { brokenInvariants } from './judge/invariants.ts'
import { fillJournal } from './load/fill-journal.ts'
import { startLoad } from './load/load.ts'
import { startNode } from './node-process.ts'
import { redisOptions, redisProcess } from './redis-ground.ts'
import { perSecond, soakMinutes } from './scale.ts'

const sampleEveryMs = 5_000
const heapMegabytes = 160

test(
  'R47: a node with a small heap lives on under load, and holds no more at the end than in the middle',
  async () => {
    const redis = await redisProcess()
    const node = await startNode({
      options: redisOptions(`redis://127.0.0.1:${redis.port}`),
      nodeOptions: [`--max-old-space-size=${heapMegabytes}`],
      isInspected: true,
    })
    const load = await startLoad({ target: () => node.url, perSecond })
    await fillJournal(load)
    const inspector = await node.inspector()
    const before = await node.resources()
    const soak: { requests: number; heldBytes: number }[] = []
    for (const begun = performance.now(); performance.now() - begun < soakMinutes * 60_000; ) {
      // What is under way is held too, and on a busy machine that is more at one time than at another.
      const heldBytes = await load.meanwhileQuiet(() => inspector.heldBytes())
      soak.push({ requests: load.history.length, heldBytes })
      await pause(sampleEveryMs)
    }
    const pid = node.pid()
    await load.stop()
    await load.takeStock()
    await pause(1_000)
    const resources = [{ before, after: await node.resources() }]
    expect(node.isRunning() && node.pid()).toBe(pid)
    // Node says so when somebody is told of the same by ever more listeners.
    expect(node.log()).not.toContain('MaxListenersExceededWarning')
    expect(brokenInvariants({ history: load.history, logs: [node.log()], resources, soak })).toEqual([])
  },
  (soakMinutes + 5) * 60_000,
)
