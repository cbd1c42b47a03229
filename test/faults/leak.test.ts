import { join } from 'node:path'
import { expect, test } from 'vitest'
import { brokenInvariants } from './judge/invariants.ts'
import { fillJournal } from './load/fill-journal.ts'
import { startLoad } from './load/load.ts'
import { startNode } from './node-process.ts'
import { patienceMs } from './scale.ts'
import { sqliteGround } from './sqlite-ground.ts'

const leaking = join(import.meta.dirname, 'leaking.ts')

test.each([
  ['finds a node that keeps four kilobytes of each request', ['--import', leaking], ['I7: heldBytes']],
  ['finds nothing where a node serves as many and keeps none', [], []],
] as const)(
  'the judge of I7 %s',
  async (_, nodeOptions, found) => {
    const node = await startNode({ ...sqliteGround(), nodeOptions, isInspected: true })
    const load = await startLoad({ target: () => node.url, perSecond: 1 })
    await fillJournal(load)
    const before = await node.resources()
    for (let times = 0; times < 2; times += 1) await fillJournal(load)
    await load.stop()
    const resources = [{ before, after: await node.resources() }]
    const broken = brokenInvariants({ history: load.history, resources })
    expect(broken.map((words) => words.split(' of ')[0])).toEqual(found)
  },
  patienceMs,
)
