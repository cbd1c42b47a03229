import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { localKeyLine } from '#broker/local-keys.ts'
import { askForCode, exchangeCode } from '../steps/requests.ts'
import type { RunningBroker } from '../support/broker.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'
import {
  addUser,
  adminEmail,
  askOperator,
  atAccount,
  linkAt,
  password,
  startBrokerBefore,
} from './linked-broker.ts'
import { keyNamed } from './open-vault.ts'

const [a, b] = [keyNamed('a'), keyNamed('b')]
const folder = mkdtempSync(join(tmpdir(), 'panoptes-keys-at-start-'))
let upstream: RunningPanoptes
let accessToken: string

const start = (...keys: readonly { readonly id: string; readonly key: Buffer }[]): Promise<RunningBroker> =>
  startBrokerBefore(upstream, `keyEncryptionKeys: '${keys.map(localKeyLine).join(',')}'`, ['--data', folder])

const ready = async ({ operatorUrl }: RunningBroker): Promise<[number, unknown]> => {
  const answer = await fetch(`${operatorUrl}/health/ready`)
  return [answer.status, await answer.json()]
}

const call = async ({ url }: RunningBroker): Promise<[number, unknown]> => {
  const headers = { authorization: `Bearer ${accessToken}` }
  const answer = await fetch(`${url}/v7/agents?aid=1101`, { headers })
  const { code } = (await answer.json()) as { code?: string }
  return [answer.status, code]
}

beforeAll(async () => {
  upstream = await startPanoptes()
  await using broker = await start(a)
  await addUser(broker)
  await linkAt(await atAccount(broker))
  const person = new Person()
  const request = askForCode(broker)
  await person.open(request.href)
  await person.signIn(adminEmail, password, 'us1')
  await person.press('Confirm')
  accessToken = (await exchangeCode(broker, request, person.leavesTo)).access_token
})
afterAll(async () => {
  await upstream.stop()
  rmSync(folder, { recursive: true, force: true })
})

describe('a broker that starts, reliability R39 and R40', () => {
  test.each([
    ['without the key that sealed', [b], 'The key-encryption key a is missing, and records refer to it.'],
    [
      'with another key of that id',
      [keyNamed('a', 9)],
      'The key-encryption key a is another one than it was, and records refer to it.',
    ],
  ])('%s is not ready, seals nothing, and says so', async (_, keys, reason) => {
    await using broker = await start(...keys)
    expect(await ready(broker)).toEqual([503, { status: 'keys out of order', reason }])
    expect(await call(broker)).toEqual([502, 'upstream_credential_closed'])
    const rewrap = await askOperator(broker, '/operator/keys/rewrap', { method: 'POST' })
    expect([rewrap.status, await rewrap.text()]).toEqual([409, expect.stringContaining(reason)])
    const person = await atAccount(broker)
    await person.press('Replace token or account groups')
    await person.press('Check token', { 'user-api-token': 'f537f4ac-2921-3199-bbab-d5a43f1c2b60' })
    const page = await person.press('Link account', { 'aid-1101': 'on' })
    expect([page.status, page.text.includes('Tokens cannot be kept right now')]).toEqual([503, true])
    expect(JSON.stringify(broker.log)).toContain('credential-closed')
  })

  test('with the key again is ready, and everything opens', async () => {
    await using broker = await start(a)
    expect(await ready(broker)).toEqual([200, { status: 'ready' }])
    expect(await call(broker)).toEqual([200, undefined])
  })

  test('with a newer key before it wraps anew, after which the old one may go', async () => {
    {
      await using broker = await start(b, a)
      expect(await call(broker)).toEqual([200, undefined])
      const round = await askOperator(broker, '/operator/keys/rewrap', { method: 'POST' })
      expect(await round.json()).toEqual({ rewrapped: 1, after: null, retired: ['a'] })
      expect(await call(broker)).toEqual([200, undefined])
    }
    await using broker = await start(b)
    expect(await ready(broker)).toEqual([200, { status: 'ready' }])
    expect(await call(broker)).toEqual([200, undefined])
  })
})
