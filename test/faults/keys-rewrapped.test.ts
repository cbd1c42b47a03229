import { randomBytes, randomInt } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '#domain/clock.ts'
import { openStore } from '#store/open-store.ts'
import { holdManyTokens, keyNamed, openedTokens, tokensHeld, vaultOn } from '../broker/open-vault.ts'
import { askOperator, brokerGround, clientGround, linkedClient, regionsAt } from './broker-ground.ts'
import { startCountingUpstream } from './counting-upstream.ts'
import { brokenInvariants } from './judge/invariants.ts'
import { type NodeProcess, startNode } from './node-process.ts'
import { untilNot503 } from './redis-ground.ts'
import { rounds } from './scale.ts'

const rows = rounds(50_000, 600)
const kills = rounds(5, 2)
const [a, b] = [keyNamed('a'), keyNamed('b')]

interface Round {
  readonly rewrapped: number
  readonly after: string | null
  readonly retired: readonly string[]
}

/** The next round of wrapping. @returns undefined when the node was killed before it answered */
async function rewrap(node: NodeProcess, after: string): Promise<Round | undefined> {
  try {
    const path = `/operator/keys/rewrap?after=${encodeURIComponent(after)}`
    return (await (await askOperator(node, path, { method: 'POST' })).json()) as Round
  } catch {
    return undefined
  }
}

/** Killed while its rounds run, it begins anew where the round before ended. @returns the last round */
async function rewrapThroughKills(node: NodeProcess): Promise<Round> {
  let after = ''
  const killAt = new Set(
    Array.from({ length: kills }, (_, at) => Math.floor((rows / 100) * ((at + 1) / (kills + 1)))),
  )
  for (let number = 0; ; number += 1) {
    const asked = rewrap(node, after)
    if (killAt.has(number)) {
      await pause(randomInt(0, 20))
      await node.kill()
      await node.start()
    }
    const round = await asked
    if (round?.after === null) return round
    after = round?.after ?? after
  }
}

test(
  'R39: wrapping very many rows anew by another key goes on after each kill -9, and every row opens at every moment',
  async () => {
    const upstream = await startCountingUpstream()
    const at = { upstream: [regionsAt(upstream.origin)] }
    const ground = brokerGround({ ...at, keys: 'a' })
    const node = await startNode(ground)
    const { store } = await openStore(
      { kind: 'sqlite', path: ground.database },
      { clock: systemClock, random: randomBytes },
    )
    onTestFinished(() => store.close())
    await holdManyTokens(vaultOn(store, [a]), rows)
    const clients = clientGround(() => node.url)
    const client = await linkedClient(node, { ...clients, number: 1, region: 'eu1' })
    // The key that all are wrapped by is taken away too early: the node says so, and serves nobody.
    await node.kill()
    ground.configure({ ...at, keys: 'b' })
    await node.start()
    expect(await node.readiness()).toBe(503)
    await node.kill()

    ground.configure({ ...at, keys: 'ba' })
    await node.start()
    let isOver = false
    const rewrapping = rewrapThroughKills(node).finally(() => {
      isOver = true
    })
    const watcher = vaultOn(store, [b, a])
    const held = tokensHeld(rows)
    let looks = 0
    for (; !isOver; looks += 1) {
      const opened = await openedTokens(watcher)
      for (const [user, token] of held)
        if (opened.get(user) !== token) expect([user, opened.get(user)]).toEqual([user, token])
      expect(await untilNot503(client.call)).toBe(200)
      expect(await untilNot503(client.refresh)).toBe(200)
    }
    expect(looks).toBeGreaterThan(1)
    expect((await rewrapping).retired).toEqual(['a'])
    expect((await rewrap(node, ''))?.rewrapped).toBe(0)
    await node.kill()
    ground.configure({ ...at, keys: 'b' })
    await node.start()
    expect(await node.readiness()).toBe(200)
    expect(await untilNot503(client.call)).toBe(200)
    expect((await openedTokens(vaultOn(store, [b]))).size).toBe(rows + 1)
    expect(brokenInvariants({ history: clients.history, logs: [node.log()] })).toEqual([])
  },
  rounds(900_000, 120_000),
)
