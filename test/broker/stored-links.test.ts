import { randomBytes } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import { storeAudit, storeAuditTrail } from '#audit/store-audit.ts'
import type { AccountLinks, LinkAsking } from '#broker/account-links.ts'
import { checkedTokens } from '#broker/checked-tokens.ts'
import { endedConnections } from '#broker/ended-connections.ts'
import { linkBudget } from '#broker/link-budget.ts'
import { storedLinks } from '#broker/stored-links.ts'
import { upstreamQuestions } from '#broker/upstream-questions.ts'
import type { AccountGroupId } from '#domain/account-group.ts'
import { isRefusal } from '#domain/refusal.ts'
import { type User, userIdOf } from '#domain/user.ts'
import { openGrants } from '#grants/stored-grants.ts'
import { openLimits } from '#limits/store-limits.ts'
import { newKeyMaterial } from '#secrets/key-file.ts'
import { secretsFrom } from '#secrets/secrets.ts'
import { openStore } from '#store/open-store.ts'
import { loadOperations } from '#upstream/operations.ts'
import { type Upstream, UpstreamUnavailable } from '#upstream/upstream.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { keyNamed, tokenOf, vaultOn } from './open-vault.ts'
import { type SmallUpstream, smallUpstream } from './small-upstream.ts'

const operations = await loadOperations()
const material = await newKeyMaterial(randomBytes)
const email = 'someone@example.com'
const good = tokenOf(1)
const one = '1' as AccountGroupId

const userOf = (uid: number): User => ({
  ...{ id: userIdOf('us1', String(uid)), region: 'us1', uid: String(uid), email, name: 'Someone' },
  ...{ organizationId: '110', organizationName: 'Acme', disabled: false },
})
const askingOf = (uid = 7, boundTo = 'here'): LinkAsking => ({
  user: userOf(uid),
  boundTo,
  address: '198.51.100.7',
})

async function open(upstreamOf: (small: SmallUpstream) => Upstream = (small) => small) {
  const clock = fakeClock()
  const { store } = await openStore({ kind: 'memory' }, { clock, random: randomBytes })
  onTestFinished(() => store.close())
  const small = smallUpstream(clock, good, email)
  const secrets = secretsFrom(material, randomBytes)
  const audit = storeAudit(clock, randomBytes)
  /** One node of several on the store. */
  function node(keyId = 'a'): AccountLinks {
    const { records, sealing } = vaultOn(store, [keyNamed(keyId)])
    return storedLinks({
      ...{ store, records, sealing, audit, clock },
      waiting: checkedTokens({ store, secrets, clock }),
      budget: linkBudget(openLimits({ store, clock, enforced: true }).guards),
      questions: upstreamQuestions(upstreamOf(small), operations),
      connections: endedConnections(openGrants({ store, secrets, clock, audit })),
      fingerprintOf: (token) => secrets.mac('upstream-credential', token),
      log: () => undefined,
    })
  }
  const trail = storeAuditTrail(store, clock)
  const events = async () => (await trail.newestOf(userOf(7).id, 50)).map(({ event }) => event)
  return { clock, store, small, node, events }
}

function outcomeOf(outcome: object | undefined): string {
  if (isRefusal(outcome)) return outcome.code
  return outcome === undefined ? 'nothing' : 'good'
}

describe('the budget of who pastes tokens', () => {
  test('is five for a user and twenty for all in an hour, exactly, on two nodes at the same time', async () => {
    const { node, small, clock } = await open()
    const nodes = [node(), node()]
    const tries = Array.from({ length: 80 }, (_, at) => at)
    const outcomes = await Promise.all(
      tries.map(async (at) => outcomeOf(await nodes[at % 2]?.check(askingOf(at % 10), tokenOf(1_000 + at)))),
    )
    expect(small.refusals()).toBe(20)
    expect(outcomes.filter((outcome) => outcome === 'token-rejected')).toHaveLength(20)
    expect(outcomes.filter((outcome) => outcome === 'too-many')).toHaveLength(60)
    clock.advance(3_601)
    expect(outcomeOf(await node().check(askingOf(), good))).toBe('good')
  })

  test('is not spent by tokens that are good, nor while nobody can be asked', async () => {
    const { node } = await open()
    for (let times = 0; times < 30; times += 1)
      expect(outcomeOf(await node().check(askingOf(), good))).toBe('good')
    const away = await open((small) => ({
      ...small,
      send: () => {
        throw new UpstreamUnavailable('unreachable')
      },
    }))
    for (let uid = 1; uid <= 30; uid += 1)
      expect(outcomeOf(await away.node().check(askingOf(uid), good))).toBe('upstream-away')
  })

  test('is spent by questions whose answer was lost, which may have been 401', async () => {
    const { node, small } = await open()
    small.answer(500)
    for (let uid = 1; uid <= 20; uid += 1)
      expect(outcomeOf(await node().check(askingOf(uid), good))).toBe('upstream-away')
    expect(outcomeOf(await node().check(askingOf(21), good))).toBe('too-many')
  })
})

describe('answers of ThousandEyes that are none', () => {
  const answering =
    (body: string) =>
    (small: SmallUpstream): Upstream => ({
      ...small,
      send: () => ({ status: 200, headers: {}, body }),
    })

  test.each([
    ['nothing', ''],
    ['no JSON', '<html>'],
    ['null', 'null'],
    ['a list', '[]'],
    ['no user', '{}'],
    ['numbers for names', '{"uid":7,"email":7}'],
    ['an endless address', JSON.stringify({ uid: '7', email: `${'a'.repeat(400)}@example.com` })],
    ['a prototype', '{"__proto__":{"email":"someone@example.com"},"uid":"7"}'],
    ['an user and no groups', JSON.stringify({ uid: '7', email })],
    ['groups without ids', JSON.stringify({ uid: '7', email, accountGroups: [{ accountGroupName: 'One' }] })],
    ['ids that are none', JSON.stringify({ uid: '7', email, accountGroups: [{ aid: '1?x=y' }] })],
  ])('as %s link nothing', async (_, body) => {
    const { node } = await open(answering(body))
    expect(outcomeOf(await node().check(askingOf(), good))).toBe('upstream-away')
    expect(await node().checked(askingOf())).toBeUndefined()
  })
})

describe('a token that waits for its choice', () => {
  test('is taken once by presses at the same time, on two nodes', async () => {
    const { node, events } = await open()
    await node().check(askingOf(), good)
    const outcomes = await Promise.all([1, 2, 3].map(() => node().link(askingOf(), [one])))
    expect(outcomes.map(outcomeOf).sort()).toEqual(['choice-expired', 'choice-expired', 'good'])
    expect(await events()).toEqual(['account-linked'])
  })

  test('is there for its user at its place alone, and for ten minutes', async () => {
    const { node, clock } = await open()
    await node().check(askingOf(), good)
    expect(outcomeOf(await node().checked(askingOf()))).toBe('good')
    expect(outcomeOf(await node().checked(askingOf(8)))).toBe('nothing')
    expect(outcomeOf(await node().link(askingOf(7, 'elsewhere'), [one]))).toBe('choice-expired')
    clock.advance(601)
    expect(outcomeOf(await node().link(askingOf(), [one]))).toBe('choice-expired')
  })

  test('links no account group that was not listed, and not without one', async () => {
    const { node } = await open()
    await node().check(askingOf(), good)
    const strange = '9' as AccountGroupId
    expect(outcomeOf(await node().link(askingOf(), []))).toBe('none-chosen')
    expect(outcomeOf(await node().link(askingOf(), [strange]))).toBe('none-chosen')
    expect(await node().link(askingOf(), [one, strange])).toMatchObject({ chosen: [one], standing: 'good' })
  })

  test('that is the one in use loses neither its end nor the renewed one beside it', async () => {
    const { node, store } = await open()
    const link = async (): Promise<void> => {
      await node().check(askingOf(), good)
      await node().link(askingOf(), [one])
    }
    await link()
    const { records } = vaultOn(store, [keyNamed('a')])
    const { id } = askingOf().user
    const rotation = { isWanted: true, askedAt: 5 }
    await records.change(id, (before) => {
      if (!before) return undefined
      const next = { ...before.token, fingerprint: 'of the renewed one' }
      return {
        record: { ...before, token: { ...before.token, validUntil: 9 }, next, rotation, rejectedAt: 3 },
      }
    })
    await link()
    const record = (await records.find(id))?.record
    expect(record).toMatchObject({
      token: { validUntil: 9 },
      next: { fingerprint: 'of the renewed one' },
      rotation,
    })
    expect(record?.rejectedAt).toBeUndefined()
  })

  test('stays unlinked while the keys of the node are out of order', async () => {
    const { node } = await open()
    await node().check(askingOf(), good)
    await node().link(askingOf(), [one])
    const other = node('b')
    await other.check(askingOf(8), good)
    expect(outcomeOf(await other.link(askingOf(8), [one]))).toBe('keys-out-of-order')
    expect(await node().of(userOf(8).id)).toBeUndefined()
  })
})
