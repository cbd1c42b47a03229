import { randomBytes, randomUUID } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import { storeAudit } from '#audit/store-audit.ts'
import { type CredentialRecord, sealContext } from '#broker/credential-records.ts'
import { lendingBroker } from '#broker/lending.ts'
import { tokenRotation } from '#broker/rotation.ts'
import { upstreamQuestions } from '#broker/upstream-questions.ts'
import { isRefusal } from '#domain/refusal.ts'
import { userIdOf } from '#domain/user.ts'
import { openStore } from '#store/open-store.ts'
import { openLiveUpstream } from '#upstream/live/live.ts'
import { loadOperations } from '#upstream/operations.ts'
import { startPanoptes } from '../support/panoptes.ts'
import { adminToken } from './linked-broker.ts'
import { holdTokens, keyNamed, vaultOn } from './open-vault.ts'

const operations = await loadOperations()
const userId = userIdOf('us1', '1')
const day = 86_400

const waits = {
  ...{ proxy: undefined, authorities: undefined, connectTimeout: 5, headersTimeout: 10, bodyTimeout: 10 },
  ...{ totalTimeout: 20, maxInFlight: 50, breakerFailures: 1_000, breakerRest: 1 },
}

describe('a renewal at a second Panoptes', () => {
  test('is done once by two nodes, and the user is lent a live token all the time', {
    timeout: 60_000,
  }, async () => {
    await using upstream = await startPanoptes(['--limits', 'off'])
    let aheadMs = 0
    const clock = { now: () => Date.now() + aheadMs }
    const advance = (seconds: number): void => {
      aheadMs += seconds * 1_000
      upstream.advance(seconds)
    }
    const { store } = await openStore({ kind: 'memory' }, { clock, random: randomBytes })
    onTestFinished(() => store.close())
    const { url } = upstream
    const live = openLiveUpstream({
      settings: { ...waits, regions: { us1: url, us2: url, eu1: url } },
      clock,
      stopwatch: { now: () => performance.now(), every: () => () => undefined },
    })
    onTestFinished(() => live.close())

    function node() {
      const { records, sealing } = vaultOn(store, [keyNamed('a')])
      const lender = lendingBroker({ records, sealing, clock, log: () => undefined })
      const rotation = tokenRotation({
        ...{ records, sealing, clock },
        questions: upstreamQuestions(live, operations),
        audit: storeAudit(clock, randomBytes),
        fingerprintOf: () => randomUUID(),
        rejected: () => Promise.reject(new Error('nothing is rejected here')),
        canSeal: () => Promise.resolve(true),
        pause: () => Promise.resolve(),
        log: () => undefined,
      })
      async function lent(): Promise<string> {
        const credential = await lender.lend({ userId })
        if (isRefusal(credential) || credential.kind !== 'user-api-token') throw new Error('nothing is lent')
        return credential.token
      }
      return { records, sealing, rotation, lent }
    }

    const callWith = async (token: string): Promise<number> =>
      (await fetch(`${url}/v7/users/current`, { headers: { authorization: `Bearer ${token}` } })).status
    const [one, other] = [node(), node()]
    await holdTokens(vaultOn(store, [keyNamed('a')]), 1)
    const token = { ...(await one.sealing.seal(sealContext(userId), adminToken)), fingerprint: 'first' }
    const wanted = (before: CredentialRecord): CredentialRecord => ({
      ...before,
      token,
      rotation: { isWanted: true },
    })
    await one.records.change(userId, (before) => before && { record: wanted(before) })
    expect(await one.lent()).toBe(adminToken)

    await Promise.all([one.rotation.pass(), other.rotation.pass()])
    const renewed = await other.lent()
    expect(renewed).not.toBe(adminToken)
    expect([await callWith(renewed), await callWith(adminToken)]).toEqual([200, 200])

    for (let rounds = 0; rounds < 15; rounds += 1) {
      advance(day)
      await Promise.all([one.rotation.pass(), other.rotation.pass()])
      expect(await callWith(await one.lent())).toBe(200)
    }
    expect(await one.lent()).toBe(renewed)
    expect(await callWith(adminToken)).toBe(401)
    advance(690 * day)
    await one.rotation.pass()
    const again = await one.lent()
    expect(again).not.toBe(renewed)
    expect(await callWith(again)).toBe(200)
  })
})
