import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { StoreSettings } from '#store/open-store.ts'
import { startRedisServer } from '../support/redis-server.ts'
import type { BudgetProcessSettings } from './budget-process.ts'
import { type Behaviour, startHostileUpstream } from './hostile-upstream.ts'

const budget = 60

async function startNode(
  settings: BudgetProcessSettings,
  outcomes: Map<string, number>,
): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, 'budget-process.ts'), [JSON.stringify(settings)], {
    execArgv: [],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child, 'message')
  child.on('message', ({ outcome }: { outcome: string }) =>
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1),
  )
  return child
}

/** All credentials are revoked while everything runs; each answer counts from when it is decided, whether it arrives or not. */
function revoking() {
  const given = { refused: 0, good: 0 }
  let areRevoked = false
  const behaviour: Behaviour = (_request, response, socket) => {
    const isRefused = areRevoked
    setTimeout(() => {
      if (!isRefused) {
        given.good += 1
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
        return
      }
      given.refused += 1
      if (given.refused % 7 === 0) socket.resetAndDestroy()
      else response.writeHead(401, { 'content-type': 'application/json' }).end('{}')
    }, 20)
  }
  return {
    given,
    behaviour,
    revoke() {
      areRevoked = true
    },
  }
}

const stores: readonly (readonly [string, () => Promise<StoreSettings>])[] = [
  [
    'one SQLite file',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'panoptes-budget-'))
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
      return { kind: 'sqlite', path: join(folder, 'panoptes.db') }
    },
  ],
  [
    'one Redis',
    async () => {
      const redis = await startRedisServer()
      onTestFinished(() => redis[Symbol.asyncDispose]())
      return { kind: 'redis', address: redis.address, replicas: 0 }
    },
  ],
]

describe.each(stores)(
  'two nodes on %s, all of 300 credentials revoked under load (R27, R28)',
  (_, openSettings) => {
    test('get no more answers of 401 than may be, over five kills, and then ask nothing at all', async () => {
      const { given, behaviour, revoke } = revoking()
      await using upstream = await startHostileUpstream(behaviour)
      const settings = { store: await openSettings(), origin: upstream.origin, budget }
      const outcomes = new Map<string, number>()
      const nodes = [await startNode(settings, outcomes), await startNode(settings, outcomes)]
      await expect.poll(() => given.good, { timeout: 20_000 }).toBeGreaterThan(100)
      for (let kill = 0; kill < 5; kill += 1) {
        // Once before anything is revoked, the others in the middle.
        if (kill === 1) revoke()
        await pause(kill === 1 ? 15 : 40)
        nodes[kill % 2]?.kill('SIGKILL')
        nodes[kill % 2] = await startNode(settings, outcomes)
      }
      await expect.poll(() => outcomes.get('budget-exhausted') ?? 0, { timeout: 30_000 }).toBeGreaterThan(200)
      expect(given.refused).toBeGreaterThan(0)
      expect(given.refused).toBeLessThanOrEqual(budget)
      const before = upstream.arrived.length
      outcomes.clear()
      await expect.poll(() => outcomes.get('budget-exhausted') ?? 0, { timeout: 30_000 }).toBeGreaterThan(200)
      expect(upstream.arrived.length).toBe(before)
    }, 90_000)
  },
)
