import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startLoad } from './load/load.ts'
import { startNode } from './node-process.ts'
import { untilNot503 } from './redis-ground.ts'
import { patienceMs, perSecond, rounds } from './scale.ts'
import { expectSound, sqliteGround } from './sqlite-ground.ts'

/** The trail is in the file of all records, so it has no disk of its own that could be full: its rows are refused, by the file itself. */
const refuseEntries = `CREATE TRIGGER audit_is_full BEFORE INSERT ON record WHEN new.key LIKE 'audit:%'
  BEGIN SELECT raise(ABORT, 'the audit trail is full'); END`

function change(database: string, sql: string): void {
  const connection = new DatabaseSync(database, { timeout: 5_000 })
  connection.exec(sql)
  connection.close()
}

test(
  'R07: while the audit trail takes nothing, nothing is granted and nothing revoked, and calls go on',
  async () => {
    const { options, database } = sqliteGround()
    const node = await startNode({ options })
    const load = await startLoad({ target: () => node.url, perSecond })
    const leaver = await load.connect()
    await pause(300)
    change(database, refuseEntries)
    const from = performance.now()
    expect(await leaver.revoke()).toMatchObject({ status: 503, hasRetryAfter: true })
    expect(await leaver.call()).toMatchObject({ status: 200 })
    expect(await leaver.refresh()).toMatchObject({ status: 200 })
    await pause(rounds(10_000, 2_000))
    const until = performance.now()
    change(database, 'DROP TRIGGER audit_is_full')
    expect(await untilNot503(leaver.revoke)).toBe(200)
    expect(await leaver.call()).toMatchObject({ status: 401 })
    await pause(500)
    await load.stop()
    await load.takeStock()
    await node.kill()
    const during = load.history.filter(({ sentAt, doneAt }) => sentAt > from && doneAt < until)
    const audited = during.filter(({ kind }) => kind === 'exchange' || kind === 'poll' || kind === 'revoke')
    expect(audited.some(({ status }) => status === 503)).toBe(true)
    expect(during.filter(({ kind, status }) => kind === 'revoke' && status === 200)).toEqual([])
    const calls = during.filter(({ kind }) => kind === 'call')
    expect(calls.filter(({ status }) => status !== 200 && status !== 401)).toEqual([])
    expectSound(database, { history: load.history, logs: [node.log()] })
  },
  patienceMs,
)
