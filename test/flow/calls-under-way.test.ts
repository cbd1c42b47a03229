import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { generate } from '../account/api-token.ts'
import { addUser, adminEmail, atAccount } from '../broker/linked-broker.ts'
import { type Behaviour, json, startHostileUpstream } from '../live/hostile-upstream.ts'
import { type RunningBroker, startBroker } from '../support/broker.ts'
import { scrape } from '../support/scrape.ts'
import { callV7 } from './v7.ts'

const groups = json('{"accountGroups":[{"aid":"1101","accountGroupName":"HQ"}]}')

/** A broker with one user, whose account is lent, in front of what a test makes of the upstream. */
async function startBefore(origin: string, upstream = ''): Promise<{ broker: RunningBroker; token: string }> {
  const broker = await startBroker({
    lender: {
      lend: ({ userId }) => ({ kind: 'user-api-token', userId, token: 'lent', credential: 'the-one' }),
    },
    configuration: [
      `upstream: { allowPlaintextLoopback: true, coalesce: false, ${upstream} regions: { us1: "${origin}" } }`,
      'signIn: { passwordCost: light }',
      `integrations: ${join(process.cwd(), 'config/integrations.yaml')}`,
    ].join('\n'),
  })
  await addUser(broker)
  const person = await atAccount(broker, adminEmail)
  return { broker, token: await generate(broker, person, { scopes: ['tests:read'] }) }
}

const tests = '/v7/tests?aid=1101'

describe('calls under way in a composed broker', { timeout: 60_000 }, () => {
  test('are ten of a credential, which cost no more than ten answers of 401 when it is revoked', async () => {
    await using upstream = await startHostileUpstream(groups)
    const { broker, token } = await startBefore(upstream.origin)
    await using _ = broker
    expect((await callV7(broker, token, tests)).status).toBe(200)
    const waiting: (() => void)[] = []
    const refusal = json('{"error":"invalid_token"}', 401)
    upstream.behave(((...exchange) => void waiting.push(() => refusal(...exchange))) as Behaviour)
    const before = upstream.arrived.length
    const answers = Promise.all(Array.from({ length: 40 }, () => callV7(broker, token, tests)))
    await expect.poll(() => waiting.length).toBe(10)
    expect((await scrape(broker)).value('panoptes_upstream_calls_under_way', { region: 'us1' })).toBe(10)
    for (const answer of waiting.splice(0)) answer()
    for (const answer of await answers)
      expect(answer).toMatchObject({ status: 502, body: { code: 'upstream_credential_rejected' } })
    expect(upstream.arrived.length - before).toBe(10)
    expect((await scrape(broker)).value('panoptes_upstream_unauthorized_slots', { state: 'spent' })).toBe(10)
  })

  test('of one user leave room in a region for whoever comes next', async () => {
    await using upstream = await startHostileUpstream(groups)
    const { broker, token } = await startBefore(upstream.origin, 'maxInFlight: 8,')
    await using _ = broker
    expect((await callV7(broker, token, tests)).status).toBe(200)
    const waiting: (() => void)[] = []
    upstream.behave(((...exchange) => void waiting.push(() => groups(...exchange))) as Behaviour)
    const answers = Promise.all(Array.from({ length: 8 }, () => callV7(broker, token, tests)))
    await expect.poll(() => waiting.length).toBe(7)
    for (const answer of waiting.splice(0)) answer()
    const statuses = (await answers).map(({ status }) => status)
    expect(statuses.toSorted()).toEqual([200, 200, 200, 200, 200, 200, 200, 503])
  })
})
