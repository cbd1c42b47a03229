import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { json } from '../live/hostile-upstream.ts'
import { askAtOnce, countsOf, withRetryAfter } from './asking.ts'
import { badUpstreamGround } from './bad-upstream-ground.ts'
import { relink } from './broker-ground.ts'
import { emailOf, numberIn, serving, userTokenOf } from './counting-upstream.ts'
import type { Client } from './load/client.ts'
import { patienceMs, rounds } from './scale.ts'
import { freshFolder } from './sqlite-ground.ts'
import { movableClock } from './tools.ts'

test(
  'R25: an organization that has no calls left is told until when, is not asked about before, and no other organization notices',
  async () => {
    const spanSeconds = rounds(20, 6)
    const ground = await badUpstreamGround()
    const { upstream, ask, connect } = ground
    const organization = 77
    const members = [
      await connect({ number: 1, organization }),
      await connect({ number: 2, organization }),
    ] as const
    const stranger = await connect({ number: 3 })
    const resetAt = Math.ceil(Date.now() / 1_000) + spanSeconds
    const exhausted = json('{}', 429, {
      'x-organization-rate-limit-limit': '240',
      'x-organization-rate-limit-remaining': '0',
      'x-organization-rate-limit-reset': String(resetAt),
    })
    upstream.behave((request, ...exchange) =>
      (numberIn(request) === 3 ? serving : exhausted)(request, ...exchange),
    )
    const askedOfMembers = (): number => upstream.answers.filter((one) => numberIn(one) !== 3).length
    const before = askedOfMembers()
    const expectTold = ({ status, retryAfter }: Awaited<ReturnType<typeof ask>>): void => {
      expect(status).toBe(429)
      const early = resetAt - Date.now() / 1_000 - Number(retryAfter)
      // What it took to ask is not more than a busy machine takes, and the answer has whole seconds.
      expect(Math.abs(early)).toBeLessThan(3)
    }
    expectTold(await ask(members[0]))
    while (Date.now() < (resetAt - 1) * 1_000) {
      for (const member of members) {
        const answer = await ask(member)
        expectTold(answer)
        expect(answer.code).toBe('organization_rate_limit_exhausted')
      }
      expect((await ask(stranger)).status).toBe(200)
      await pause(200)
    }
    expect(askedOfMembers() - before).toBe(1)
    upstream.behave()
    await pause(resetAt * 1_000 + 50 - Date.now())
    for (const member of members) expect((await ask(member)).status).toBe(200)
    await ground.finish()
  },
  patienceMs,
)

test(
  'R26: a credential that is revoked costs one answer of 401, also after a kill, and another one in its place serves at once',
  async () => {
    const ground = await badUpstreamGround()
    const { upstream, node, ask, connect } = ground
    const [client, other] = [await connect({ number: 1 }), await connect({ number: 2 })]
    const refusals = (): number => upstream.answers.filter(({ status }) => status === 401).length
    const rejected = { status: 502, code: 'upstream_credential_rejected' }
    for (let issue = 0; issue < 2; issue += 1) {
      expect((await ask(client)).status).toBe(200)
      if (issue === 1) {
        // Nobody knows any more that it was good a moment ago, so one call tries it.
        await node.kill()
        await node.start()
      }
      upstream.revoke(userTokenOf(emailOf(1), issue))
      const first = issue === 0 ? [await ask(client)] : await askAtOnce(ground, [client], 20)
      for (const answer of first) expect(answer).toMatchObject(rejected)
      for (const answer of await askAtOnce(ground, [client], 20)) expect(answer).toMatchObject(rejected)
      expect((await ask(other)).status).toBe(200)
      expect(refusals()).toBe(issue + 1)
      await relink(node, { number: 1 }, userTokenOf(emailOf(1), issue + 1))
      expect(countsOf(await askAtOnce(ground, [client], 5))).toEqual({ 200: 5 })
    }
    expect(refusals()).toBe(2)
    // The process was killed in the midst of the load.
    await ground.finish(['0'])
  },
  patienceMs,
)

const restSeconds = 300

test(
  'R29: an upstream that blocks the address gets three calls, then one in five minutes of all nodes, and is back by itself',
  async ({ skip }) => {
    const clock = movableClock(freshFolder())
    if (typeof clock === 'string') return skip(clock)
    // Calm at first: what is under way at the third refusal is answered too.
    const ground = await badUpstreamGround({ nodes: 2, isCalm: true, node: clock })
    const { upstream, elsewhere, ask } = ground
    const clients = await ground.connectMany(4)
    expect(countsOf(await askAtOnce(ground, clients))).toEqual({ 200: 4 })
    const asked = (): number => upstream.answers.length + elsewhere.answers.length
    const block = json('{}', 429)
    const blocked = { ...withRetryAfter, code: 'upstream_address_blocked' }
    const expectBlocked = async (): Promise<void> => {
      for (const answer of await askAtOnce(ground, clients, 4)) expect(answer).toMatchObject(blocked)
    }
    const stepTo = (seconds: number): Promise<void> => ground.pausedFor(() => clock.step(seconds))
    const before = asked()
    for (const one of [upstream, elsewhere]) one.behave(block)
    for (let call = 0; call < 6; call += 1) {
      expect(await ask(clients[0] as Client)).toMatchObject(blocked)
    }
    ground.begin()
    await expectBlocked()
    expect(asked() - before).toBe(3)
    for (let probe = 1; probe <= rounds(4, 2); probe += 1) {
      await stepTo(probe * (restSeconds + 10) - 20)
      await expectBlocked()
      expect(asked() - before).toBe(2 + probe)
      await stepTo(probe * (restSeconds + 10))
      await expectBlocked()
      await pause(1_000)
      expect(asked() - before).toBe(3 + probe)
    }
    for (const one of [upstream, elsewhere]) one.behave()
    await expectBlocked()
    await stepTo(rounds(5, 3) * (restSeconds + 10))
    // Each node knows within a second of the call that one of them has made.
    await expect
      .poll(async () => countsOf(await askAtOnce(ground, clients, 2)), { timeout: 15_000 })
      .toEqual({ 200: 8 })
    await ground.finish(['upstream_address_blocked'])
  },
  patienceMs,
)
