import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pressGenerate } from '../account/api-token.ts'
import type { RunningBroker } from '../support/broker.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import type { Person } from '../support/person.ts'
import { addUser, adminToken, askOperator, atAccount, linkAt, startBrokerBefore } from './linked-broker.ts'
import { type SmallKms, startKms } from './small-kms.ts'

const ended: AsyncDisposable[] = []
let kms: SmallKms
let upstream: RunningPanoptes
let broker: RunningBroker
let person: Person
let headers: Readonly<Record<string, string>>

/** An API token of the person, which a script calls with. */
async function apiToken(): Promise<string> {
  const shown = await pressGenerate(broker, person)
  const token = /panoptes_[\w-]{75}/.exec(shown.html)?.[0]
  if (token === undefined) throw new Error(shown.text)
  return token
}

async function call(): Promise<{ status: number; code?: string }> {
  const answer = await fetch(`${broker.url}/v7/tests?aid=1101`, { headers })
  const body = (await answer.json()) as { code?: string }
  return { status: answer.status, ...(body.code === undefined ? {} : { code: body.code }) }
}

beforeAll(async () => {
  kms = await startKms('2026', '2027')
  upstream = await startPanoptes()
  broker = await startBrokerBefore(upstream, '', [], kms.keys('2026'))
  ended.push(kms, broker)
  await addUser(broker)
  person = await atAccount(broker)
  await linkAt(person)
  headers = { authorization: `Bearer ${await apiToken()}` }
})
afterAll(async () => {
  for (const one of ended.reverse()) await one[Symbol.asyncDispose]()
  await upstream.stop()
})

describe('a broker whose key-encryption keys are in a KMS', () => {
  test('links and lends with them, and the KMS sees no token', async () => {
    expect(await call()).toEqual({ status: 200 })
    expect(kms.heard.length).toBeGreaterThan(1)
    expect(kms.heard.join('\n')).not.toContain(adminToken)
    const listed = await (await askOperator(broker, '/operator/keys')).json()
    expect(JSON.stringify(listed)).toContain('2026')
  })

  test.each(['away', 'hanging'] as const)(
    'answers 502 while that is %s, and goes on as if nothing had been',
    async (mood) => {
      kms.become(mood)
      expect(await call()).toEqual({ status: 502, code: 'upstream_credential_closed' })
      expect((await person.open(`${broker.url}/account/thousandeyes`)).status).toBe(200)
      kms.become('well')
      expect(await call()).toEqual({ status: 200 })
    },
  )

  test('wraps anew by a newer key of it on another node, and the first one may do without then', async () => {
    const { data } = broker
    await broker.stop()
    await using newer = await startBrokerBefore(upstream, '', ['--data', data], kms.keys('2027', '2026'))
    const rewrapped = await askOperator(newer, '/operator/keys/rewrap', { method: 'POST' })
    expect(rewrapped.status).toBe(200)
    await newer.stop()
    await using last = await startBrokerBefore(upstream, '', ['--data', data], kms.keys('2027'))
    expect((await fetch(`${last.operatorUrl}/health/ready`)).status).toBe(200)
    const answer = await fetch(`${last.url}/v7/tests?aid=1101`, { headers })
    expect(answer.status).toBe(200)
  })
})
