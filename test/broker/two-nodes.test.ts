import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { localKeyLine } from '#broker/local-keys.ts'
import { openStore } from '#store/open-store.ts'
import { askForCode, exchangeCode } from '../steps/requests.ts'
import type { RunningBroker } from '../support/broker.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import {
  addUser,
  adminEmail,
  askOperator,
  atAccount,
  generateUpstream,
  linkAt,
  password,
  pasteToken,
  startBrokerBefore,
} from './linked-broker.ts'
import { keyNamed } from './open-vault.ts'

const [a, b] = [keyNamed('a'), keyNamed('b')]
const data = mkdtempSync(join(tmpdir(), 'panoptes-two-nodes-'))
let redis: RedisServer
let upstream: RunningPanoptes
/** Two brokers of one installation, on one Redis. The second one has a newer key already. */
let one: RunningBroker
let other: RunningBroker
let accessToken: string

async function connected(): Promise<string> {
  const person = new Person()
  const request = askForCode(one)
  await person.open(request.href)
  await person.signIn(adminEmail, password, 'us1')
  await person.press('Confirm')
  return (await exchangeCode(one, request, person.leavesTo)).access_token
}

const call = async ({ url }: RunningBroker): Promise<number> =>
  (await fetch(`${url}/v7/agents?aid=1101`, { headers: { authorization: `Bearer ${accessToken}` } })).status

beforeAll(async () => {
  redis = await startRedisServer()
  upstream = await startPanoptes()
  const start = (...keys: readonly (typeof a)[]): Promise<RunningBroker> =>
    startBrokerBefore(
      upstream,
      `keyEncryptionKeys: '${keys.map(localKeyLine).join(',')}'\nstore: '${redis.url.href}'`,
      ['--data', data],
    )
  one = await start(a, b)
  other = await start(b, a)
  await addUser(one)
  await linkAt(await atAccount(one))
  accessToken = await connected()
})
afterAll(async () => {
  await one[Symbol.asyncDispose]()
  await other[Symbol.asyncDispose]()
  await upstream.stop()
  await redis[Symbol.asyncDispose]()
  rmSync(data, { recursive: true, force: true })
})

describe('two brokers on one Redis', () => {
  test('lend the same link, also while the other wraps it anew', async () => {
    expect([await call(one), await call(other)]).toEqual([200, 200])
    const round = await askOperator(other, '/operator/keys/rewrap', { method: 'POST' })
    expect(await round.json()).toEqual({ rewrapped: 1, after: null, retired: ['a'] })
    expect([await call(one), await call(other)]).toEqual([200, 200])
    for (const { operatorUrl } of [one, other])
      expect((await fetch(`${operatorUrl}/health/ready`)).status).toBe(200)
  })

  test('tell each other of the window of the organization, a client by a client', async () => {
    const settings = { kind: 'redis', address: redis.address, replicas: 0 } as const
    const { store } = await openStore(settings, { clock: { now: () => Date.now() }, random: randomBytes })
    onTestFinished(() => store.close())
    const used = [['meraki', expect.any(Number)]]
    const toldByOne = expect.arrayContaining([expect.objectContaining({ organization: 'us1:110', used })])
    await expect
      .poll(
        async () => {
          expect([await call(one), await call(other)]).toEqual([200, 200])
          const told = await store.list('upstream-windows')
          return told.map(({ value }) => JSON.parse(value))
        },
        { timeout: 15_000, interval: 300 },
      )
      .toEqual([toldByOne, toldByOne])
  })

  test('both know of a 401 that one of them got, and of the token that replaces it', async () => {
    const next = await generateUpstream(upstream, adminEmail)
    expect(await call(one)).toBe(502)
    // Told in milliseconds: what a node keeps at hand may be that old.
    await pause(200)
    expect(await call(other)).toBe(502)
    const rejections = [...one.log, ...other.log].filter(
      (entry) => 'event' in entry && entry.event === 'upstream-credential-rejected',
    )
    expect(rejections).toHaveLength(1)
    const owner = await atAccount(other)
    await owner.press('Replace token or account groups')
    await pasteToken(owner, next)
    await owner.press('Link account')
    await pause(200)
    expect([await call(one), await call(other)]).toEqual([200, 200])
  })

  test('both end everything when the account is disconnected at one', async () => {
    const owner = await atAccount(other)
    await owner.press('Disconnect')
    await owner.press('Disconnect')
    await pause(200)
    expect([await call(one), await call(other)]).toEqual([401, 401])
    expect((await (await askOperator(one, '/operator/keys')).json()) as object).toMatchObject({
      problem: null,
      keys: [
        { id: 'a', newest: true, sealedTokens: 0 },
        { id: 'b', newest: false, sealedTokens: 0 },
      ],
    })
  })
})
