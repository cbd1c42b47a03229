import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { brokerGround, clientGround, linkedClient, regionsAt } from './broker-ground.ts'
import { startCountingUpstream } from './counting-upstream.ts'
import { brokenInvariants } from './judge/invariants.ts'
import { startNode } from './node-process.ts'
import { untilNot503 } from './redis-ground.ts'
import { patienceMs } from './scale.ts'

/** What users linked and allowed, and by which keys it is sealed. */
function rowsOf(path: string): readonly unknown[] {
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    return database
      .prepare(
        "SELECT key, version, value FROM record WHERE key GLOB 'upstream-credential:*' OR key GLOB 'grant:*' OR key GLOB 'user*' OR key = 'key-encryption-keys' ORDER BY key",
      )
      .all()
      .map((row) => ({ ...row }))
  } finally {
    database.close()
  }
}

test(
  'R40: a broker without the key that sealed, or with another one, is not ready and changes no row, and with the key it serves',
  async () => {
    const upstream = await startCountingUpstream()
    const at = { upstream: [regionsAt(upstream.origin)] }
    const ground = brokerGround({ ...at, keys: 'a' })
    const node = await startNode(ground)
    const clients = clientGround(() => node.url)
    const client = await linkedClient(node, { ...clients, number: 1, region: 'eu1' })
    expect(await untilNot503(client.call)).toBe(200)
    await node.kill()
    const rows = rowsOf(ground.database)
    expect(rows.length).toBeGreaterThan(3)
    // None at all makes a new one, which opens nothing either.
    for (const keys of ['b', '']) {
      ground.configure({ ...at, keys })
      await node.start()
      expect(await node.readiness()).toBe(503)
      const asked = upstream.answers.length
      const { status } = await client.call()
      expect([502, 503]).toContain(status)
      expect(upstream.answers.length).toBe(asked)
      await node.kill()
      expect(rowsOf(ground.database)).toEqual(rows)
    }
    ground.configure({ ...at, keys: 'a' })
    await node.start()
    expect(await node.readiness()).toBe(200)
    expect(await untilNot503(client.call)).toBe(200)
    expect(await untilNot503(client.refresh)).toBe(200)
    // What was refused meanwhile is what this is about.
    const served = clients.history.filter(({ status }) => status !== 502)
    expect(brokenInvariants({ history: served, logs: [node.log()] })).toEqual([])
  },
  patienceMs,
)
