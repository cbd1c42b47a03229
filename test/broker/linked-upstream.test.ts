import { randomBytes } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import { storeAudit } from '#audit/store-audit.ts'
import type { KeyEncryption } from '#broker/key-encryption.ts'
import { lendingBroker } from '#broker/lending.ts'
import { linkedUpstream, offeredUpstream } from '#broker/linked-upstream.ts'
import { localKeys } from '#broker/local-keys.ts'
import { quarantine } from '#broker/quarantine.ts'
import { openSealing } from '#broker/sealing.ts'
import type { AccountGroup, AccountGroupId } from '#domain/account-group.ts'
import type { UpstreamCredential } from '#domain/upstream-credential.ts'
import { userIdOf } from '#domain/user.ts'
import { openStore } from '#store/open-store.ts'
import { type Upstream, type UpstreamTrouble, UpstreamUnavailable } from '#upstream/upstream.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { holdTokens, keyNamed, tokenOf, vaultOn } from './open-vault.ts'

const userId = userIdOf('us1', '1')
const credential: Extract<UpstreamCredential, { kind: 'user-api-token' }> = {
  kind: 'user-api-token',
  userId,
  token: tokenOf(1),
  credential: `of ${tokenOf(1)}`,
}
const group = (aid: string, isLogin = false): AccountGroup => ({
  ...{ aid: aid as AccountGroupId, name: `Group ${aid}`, isLogin },
})

async function open() {
  const clock = fakeClock()
  const { store } = await openStore({ kind: 'memory' }, { clock, random: randomBytes })
  onTestFinished(() => store.close())
  const { records, sealing } = vaultOn(store, [keyNamed('a')])
  await holdTokens({ ...vaultOn(store, [keyNamed('a')]) }, 1)
  let listed: readonly AccountGroup[] | UpstreamTrouble = [group('1', true), group('2')]
  let asked = 0
  const upstream: Upstream = {
    send: () => ({ status: 200, headers: {}, body: '' }),
    accountGroups() {
      asked += 1
      return typeof listed === 'string'
        ? Promise.reject(new UpstreamUnavailable(listed))
        : Promise.resolve(listed)
    },
  }
  const log = (): void => undefined
  const rejected = quarantine({ records, audit: storeAudit(clock, randomBytes), clock, log })
  const linked = linkedUpstream({ upstream, records, clock, rejected })
  return {
    ...{ clock, records, sealing, linked },
    offered: offeredUpstream({ linked, records, clock, log }),
    list(next: readonly AccountGroup[] | UpstreamTrouble) {
      listed = next
    },
    asked: () => asked,
    read: async () => (await records.find(userId))?.record,
  }
}

describe('the account groups of a link', () => {
  test('are those of ThousandEyes for the gateway, and those that were chosen for pages', async () => {
    const { linked, offered, read } = await open()
    expect((await linked.accountGroups('us1', credential)).map(({ aid }) => aid)).toEqual(['1', '2'])
    expect((await read())?.reach).toHaveLength(2)
    expect((await offered.accountGroups('us1', credential)).map(({ aid }) => aid)).toEqual(['1'])
  })

  test('are believed by pages for five minutes, read anew then, and offered from before when nobody answers', async () => {
    const { offered, clock, asked, list } = await open()
    const offers = async () => (await offered.accountGroups('us1', credential)).map(({ aid }) => aid)
    expect(await offers()).toEqual(['1'])
    expect(asked()).toBe(1)
    expect(await offers()).toEqual(['1'])
    expect(asked()).toBe(1)
    clock.advance(301)
    list('unreachable')
    expect(await offers()).toEqual(['1'])
    expect(asked()).toBe(2)
    list([group('2', true)])
    expect(await offers()).toEqual([])
  })

  test('are none without a link, whatever ThousandEyes would list', async () => {
    const { offered } = await open()
    const stranger = { ...credential, userId: userIdOf('us1', '2') }
    expect(await offered.accountGroups('us1', stranger)).toEqual([])
  })

  test('that are refused with 401 put the token out of use', async () => {
    const { linked, list, read } = await open()
    list('credential-rejected')
    await expect(linked.accountGroups('us1', credential)).rejects.toThrow(UpstreamUnavailable)
    expect((await read())?.rejectedAt).toBeTypeOf('number')
  })

  test.each(['unreachable', 'timeout', 'address-blocked', 'resting'] as const)(
    'that cannot be read (%s) leave it in use',
    async (trouble) => {
      const { linked, list, read } = await open()
      list(trouble)
      await expect(linked.accountGroups('us1', credential)).rejects.toThrow(UpstreamUnavailable)
      expect((await read())?.rejectedAt).toBeUndefined()
    },
  )
})

test('a KMS that does not answer lends nothing, and fails nothing else', async () => {
  const { records, clock } = await open()
  const local = localKeys([keyNamed('a')], randomBytes)
  const away: KeyEncryption = { ...local, unwrap: () => Promise.reject(new Error('no route to the KMS')) }
  const said: object[] = []
  const lender = lendingBroker({
    ...{ records, clock, sealing: openSealing(away, randomBytes) },
    log: (entry) => void said.push(entry),
  })
  expect(await lender.lend({ userId })).toMatchObject({ code: 'upstream_credential_closed' })
  expect(said).toMatchObject([{ event: 'credential-closed', why: 'keys_away' }])
})
