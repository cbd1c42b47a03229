import { randomBytes } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { RecordedEvent } from '#audit/audit.ts'
import { storeAudit, storeAuditTrail } from '#audit/store-audit.ts'
import { sealContext } from '#broker/credential-records.ts'
import { lendingBroker } from '#broker/lending.ts'
import { linkedUpstream } from '#broker/linked-upstream.ts'
import { quarantine } from '#broker/quarantine.ts'
import { type TokenRotation, tokenRotation } from '#broker/rotation.ts'
import type { Sealing } from '#broker/sealing.ts'
import { upstreamQuestions } from '#broker/upstream-questions.ts'
import { isRefusal } from '#domain/refusal.ts'
import { userIdOf } from '#domain/user.ts'
import { openStore } from '#store/open-store.ts'
import type { Store } from '#store/store.ts'
import { loadOperations } from '#upstream/operations.ts'
import type { Upstream } from '#upstream/upstream.ts'
import { type FakeClock, fakeClock } from '../support/fake-clock.ts'
import { holdTokens, keyNamed, tokenOf, vaultOn } from './open-vault.ts'
import { type SmallUpstream, smallUpstream } from './small-upstream.ts'

const userId = userIdOf('us1', '1')
const first = tokenOf(1)
const day = 86_400
const operations = await loadOperations()

/** What ends a node in the middle: from then on it neither hears nor says anything. */
class NodeIsDead extends Error {}

interface Node {
  readonly rotation: TokenRotation
  readonly upstream: Upstream
  /** What a call of the user gets now: the token that the upstream would see. */
  lend(): Promise<string>
  /** How many times it spoke to store or upstream. */
  spoken(): number
}

interface Opened {
  readonly clock: FakeClock
  readonly store: Store
  readonly small: SmallUpstream
  /** @param diesAt how often it may speak to store and upstream @param isHeard whether the last word still arrives */
  node(diesAt?: number, isHeard?: boolean, around?: (sealing: Sealing) => Sealing): Node
  events(): Promise<readonly RecordedEvent['event'][]>
}

async function open(knownEnd: 'known' | 'unknown' = 'known'): Promise<Opened> {
  const clock = fakeClock()
  const { store } = await openStore({ kind: 'memory' }, { clock, random: randomBytes })
  onTestFinished(() => store.close())
  const small = smallUpstream(clock, first, 'someone@example.com')
  const vault = vaultOn(store, [keyNamed('a')])
  await holdTokens(vault, 1)
  const validUntil = clock.now() + 20 * day * 1000
  await vault.records.change(
    userId,
    (before) =>
      before && {
        record: {
          ...before,
          token: knownEnd === 'known' ? { ...before.token, validUntil } : before.token,
          rotation: { isWanted: true },
        },
      },
  )

  function node(
    diesAt = Number.POSITIVE_INFINITY,
    isHeard = false,
    around = (sealing: Sealing): Sealing => sealing,
  ): Node {
    let spoken = 0
    async function speak<Value>(say: () => Value | Promise<Value>): Promise<Value> {
      spoken += 1
      if (spoken > diesAt) throw new NodeIsDead()
      if (spoken < diesAt) return say()
      if (isHeard) await say()
      throw new NodeIsDead()
    }
    const mortal: Store = {
      ...store,
      commit: (changes) => speak(() => store.commit(changes)),
    }
    const upstream: Upstream = { ...small, send: (request) => speak(() => small.send(request)) }
    const { sealing: own, records, inUse } = vaultOn(mortal, [keyNamed('a')])
    const sealing = around(own)
    const audit = storeAudit(clock, randomBytes)
    const log = (): void => undefined
    const rejected = quarantine({ records, audit, clock, log })
    const questions = upstreamQuestions(upstream, operations)
    const fingerprintOf = (token: string): string => `of ${token}`
    const linked = linkedUpstream({ upstream, records, clock, rejected })
    const lender = lendingBroker({ records, sealing, clock, log })
    return {
      rotation: tokenRotation({
        ...{ records, sealing, questions, audit, clock, fingerprintOf, rejected, log },
        canSeal: async () => (await inUse.problem()) === undefined,
        pause: () => Promise.resolve(),
      }),
      upstream: linked,
      async lend() {
        const lent = await lender.lend({ userId })
        if (isRefusal(lent)) return lent.code
        return lent.kind === 'user-api-token' ? lent.token : ''
      },
      spoken: () => spoken,
    }
  }

  const trail = storeAuditTrail(store, clock)
  const events = async () => (await trail.newestOf(userId, 50)).map(({ event }) => event)
  return { clock, store, small, node, events }
}

/** Rounds of two nodes that live, over the lease and the pauses of what was begun. */
async function goOn({ clock, node, small }: Opened, rounds = 8): Promise<void> {
  const [one, other] = [node(), node()]
  for (let round = 0; round < rounds; round += 1) {
    clock.advance(700)
    await Promise.all([one.rotation.pass(), other.rotation.pass()])
    expect(small.takes(await one.lend())).toBe(true)
  }
}

describe('a token that ends soon', () => {
  test('is renewed, and the new one is in use afterwards', async () => {
    const opened = await open()
    const { small, node, events } = opened
    const one = node()
    expect(await one.lend()).toBe(first)
    expect(await one.rotation.pass()).toBe(1)
    expect(small.made()).toBe(1)
    const lent = await one.lend()
    expect(lent).not.toBe(first)
    expect(small.takes(lent)).toBe(true)
    expect(await one.rotation.pass()).toBe(0)
    expect(await events()).toEqual(['upstream-credential-renewed'])
  })

  test('is renewed once by many nodes at the same time', async () => {
    const opened = await open()
    const nodes = Array.from({ length: 5 }, () => opened.node())
    await Promise.all(nodes.map(({ rotation }) => rotation.pass()))
    await goOn(opened)
    expect(opened.small.made()).toBe(1)
    expect(opened.small.refusals()).toBe(0)
    expect(await opened.node().lend()).not.toBe(first)
  })

  test('is left alone until a month before its end, and by whoever did not ask for it', async () => {
    const early = await open()
    const { records } = vaultOn(early.store, [keyNamed('a')])
    const far = early.clock.now() + 31 * day * 1000
    await records.change(
      userId,
      (before) => before && { record: { ...before, token: { ...before.token, validUntil: far } } },
    )
    expect(await early.node().rotation.pass()).toBe(0)
    early.clock.advance(day)
    expect(await early.node().rotation.pass()).toBe(1)

    const unwanted = await open()
    await vaultOn(unwanted.store, [keyNamed('a')]).records.change(
      userId,
      (before) => before && { record: { ...before, rotation: { isWanted: false } } },
    )
    expect(await unwanted.node().rotation.pass()).toBe(0)
    expect(unwanted.small.made()).toBe(0)
  })

  test('is renewed at once when nobody knows its end, and then its end is known', async () => {
    const { small, node } = await open('unknown')
    await node().rotation.pass()
    expect(small.made()).toBe(1)
    expect(await node().rotation.pass()).toBe(0)
  })
})

describe('a node that is killed during a renewal', () => {
  /** Every word that a whole renewal says to store and upstream, cut off before and after it arrives. */
  const stops = Array.from({ length: 5 }, (_, at) =>
    [false, true].map((isHeard) => [at + 1, isHeard] as const),
  ).flat()

  test('is renewed although the token of a user before cannot be opened, which is told afterwards', async () => {
    const { store, small, node } = await open()
    const vault = vaultOn(store, [keyNamed('a')])
    const before = userIdOf('us1', '0')
    const found = await vault.records.find(userId)
    if (!found) throw new Error('nothing is held')
    await vault.records.change(before, () => ({ record: found.record }))
    const broken = new Error('the KMS does not answer')
    const pass = node(Number.POSITIVE_INFINITY, false, (sealing) => ({
      ...sealing,
      unseal: (context, sealed) =>
        context === sealContext(before) ? Promise.reject(broken) : sealing.unseal(context, sealed),
    })).rotation.pass()
    await expect(pass).rejects.toBe(broken)
    expect(small.made()).toBe(1)
  })

  test('speaks five times in a whole renewal', async () => {
    const { node } = await open()
    const whole = node()
    await whole.rotation.pass()
    expect(whole.spoken()).toBe(5)
  })

  test.each(stops)('at word %i, heard: %j, locks nobody out', async (diesAt, isHeard) => {
    const opened = await open()
    const { small, node, events, clock } = opened
    await node(diesAt, isHeard)
      .rotation.pass()
      .catch((failure: unknown) => expect(failure).toBeInstanceOf(NodeIsDead))
    expect(small.takes(await node().lend())).toBe(true)
    await goOn(opened)
    expect(small.made()).toBe(1)
    expect(small.refusals()).toBe(0)
    const isLost = diesAt === 2 && isHeard
    const last = await events()
    if (isLost || (diesAt === 3 && !isHeard)) {
      // The new token was in that node's memory alone: the old one works on through the overlap, and the user is told.
      expect(last).toContain('upstream-credential-renewal-lost')
      expect(await node().lend()).toBe(first)
      clock.advance(13 * day)
      expect(small.takes(await node().lend())).toBe(true)
    } else {
      expect(last).toEqual(['upstream-credential-renewed'])
      expect(await node().lend()).not.toBe(first)
    }
  })
})

describe('a KMS in trouble', () => {
  const broken = new Error('the KMS does not answer')

  test.each(['unseal', 'prepare'] as const)(
    'at %s keeps a renewal from being asked for, and costs nothing',
    async (word) => {
      const opened = await open()
      const { small, node, events } = opened
      const lacking = node(Number.POSITIVE_INFINITY, false, (sealing) => ({
        ...sealing,
        [word]: () => Promise.reject(broken),
      }))
      await expect(lacking.rotation.pass()).rejects.toBe(broken)
      expect(small.made()).toBe(0)
      expect(await lacking.rotation.pass()).toBe(0)
      const record = await vaultOn(opened.store, [keyNamed('a')]).records.find(userId)
      expect(record?.record.rotation.askedAt).toBeUndefined()
      await goOn(opened)
      expect(small.made()).toBe(1)
      expect(await events()).toEqual(['upstream-credential-renewed'])
    },
  )

  test('after the new token was asked for loses none: its key was wrapped before', async () => {
    const opened = await open()
    const { small, node } = opened
    const gone = async (): Promise<never> => Promise.reject(broken)
    const losing = node(Number.POSITIVE_INFINITY, false, (sealing) => ({
      ...sealing,
      prepare: (context) => (small.made() > 0 ? gone() : sealing.prepare(context)),
      seal: gone,
      unseal: (context, sealed) => (small.made() > 0 ? gone() : sealing.unseal(context, sealed)),
    }))
    await expect(losing.rotation.pass()).rejects.toBe(broken)
    expect(small.made()).toBe(1)
    expect(await opened.events()).toEqual(['upstream-credential-renewed'])
    await goOn(opened)
    expect(await node().lend()).not.toBe(first)
  })
})

test('a node that stops ends with the renewal at hand, and leaves the others to the next', async () => {
  const { store, small, node } = await open()
  const { records } = vaultOn(store, [keyNamed('a')])
  const found = await records.find(userId)
  if (!found) throw new Error('nothing is held')
  const behind = userIdOf('us1', '2')
  await records.change(behind, () => ({ record: found.record }))
  expect(await node().rotation.pass(() => small.made() > 0)).toBe(1)
  expect((await records.find(userId))?.record.token.fingerprint).not.toBe(found.record.token.fingerprint)
  expect((await records.find(behind))?.record).toEqual(found.record)
})

describe('an upstream in trouble', () => {
  test.each([500, 503, 302])('with %i is asked again later, and nothing is lost', async (status) => {
    const opened = await open()
    opened.small.answer(status)
    await opened.node().rotation.pass()
    expect(await opened.node().rotation.pass()).toBe(0)
    opened.small.answer(undefined)
    await goOn(opened)
    expect(opened.small.made()).toBe(1)
    expect(await opened.node().lend()).not.toBe(first)
  })

  test.each([403, 429])('that refuses with %i is asked an hour later', async (status) => {
    const opened = await open()
    opened.small.answer(status)
    await opened.node().rotation.pass()
    opened.small.answer(undefined)
    opened.clock.advance(1_800)
    expect(await opened.node().rotation.pass()).toBe(0)
    opened.clock.advance(1_900)
    expect(await opened.node().rotation.pass()).toBe(1)
    expect(opened.small.made()).toBe(1)
  })

  test('that renewed for somebody else leaves the old token in use, and asks no more', async () => {
    const opened = await open()
    const { small, clock } = opened
    const other = opened.node()
    const region = 'us1' as const
    const renew = operations.find(({ id }) => id === 'regenerateApiToken')
    if (!renew) throw new Error('the operation is there')
    await small.send({
      ...{ region, operation: renew, parameters: {}, query: new URLSearchParams(), accountGroup: undefined },
      ...{ headers: {}, body: undefined, signal: AbortSignal.timeout(1_000) },
      credential: { kind: 'user-api-token', userId, token: first, credential: '' },
    })
    await other.rotation.pass()
    expect(await opened.events()).toEqual(['upstream-credential-renewal-lost'])
    clock.advance(day)
    expect(await other.rotation.pass()).toBe(0)
    expect(await other.lend()).toBe(first)
  })

  test('that takes the new token late keeps the old one in use until it does', async () => {
    const opened = await open()
    const dying = opened.node(4)
    await dying.rotation.pass().catch(() => undefined)
    opened.small.answer(503)
    opened.clock.advance(700)
    await opened.node().rotation.pass()
    expect(await opened.node().lend()).toBe(first)
    opened.small.answer(undefined)
    await goOn(opened)
    expect(await opened.node().lend()).not.toBe(first)
  })
})

describe('a credential that got a 401', () => {
  const call = {
    region: 'us1',
    parameters: {},
    query: new URLSearchParams(),
    accountGroup: undefined,
  } as const

  async function callWith(node: Node, token: string): Promise<number> {
    const operation = operations.find(({ id }) => id === 'getCurrentUser')
    if (!operation) throw new Error('the operation is there')
    const credential = { kind: 'user-api-token', userId, token, credential: `of ${token}` } as const
    const signal = AbortSignal.timeout(1_000)
    return (
      await node.upstream.send({ ...call, operation, credential, headers: {}, body: undefined, signal })
    ).status
  }

  test('is lent no more on any node, and is not renewed', async () => {
    const opened = await open()
    opened.small.revoke(first)
    const [one, other] = [opened.node(), opened.node()]
    expect(await callWith(one, first)).toBe(401)
    expect(await other.lend()).toBe('upstream_credential_rejected')
    expect(await other.rotation.pass()).toBe(0)
    expect(opened.small.refusals()).toBe(1)
    expect(await opened.events()).toEqual(['upstream-credential-rejected'])
  })

  test('that was replaced meanwhile leaves the new one alone', async () => {
    const opened = await open()
    opened.small.revoke(first)
    const one = opened.node()
    await vaultOn(opened.store, [keyNamed('a')]).records.change(
      userId,
      (before) => before && { record: { ...before, token: { ...before.token, fingerprint: 'of another' } } },
    )
    expect(await callWith(one, first)).toBe(401)
    expect(await one.lend()).toBe(first)
  })

  test('gives way to a renewed one that is kept already', async () => {
    const opened = await open()
    await opened
      .node(4)
      .rotation.pass()
      .catch(() => undefined)
    opened.small.revoke(first)
    const one = opened.node()
    expect(await callWith(one, first)).toBe(401)
    expect(opened.small.takes(await one.lend())).toBe(true)
  })
})
