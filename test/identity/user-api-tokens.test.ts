import { randomBytes, randomUUID } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { RecordedEvent } from '#audit/audit.ts'
import { storeAudit, storeAuditTrail } from '#audit/store-audit.ts'
import { userIdOf } from '#domain/user.ts'
import { heldUserApiTokens, storedUserApiTokens } from '#identity/stored-user-api-tokens.ts'
import { userApiTokenRecords } from '#identity/user-api-token-records.ts'
import { newKeyMaterial } from '#secrets/key-file.ts'
import { secretsFrom } from '#secrets/secrets.ts'
import { openStore } from '#store/open-store.ts'
import { fakeClock } from '../support/fake-clock.ts'

const userId = userIdOf('us1', '1')
const asking = { userId, address: '198.51.100.7' }
const dayMs = 86_400_000

async function open() {
  const clock = fakeClock()
  const { store } = await openStore({ kind: 'sqlite', path: ':memory:' }, { clock, random: randomBytes })
  onTestFinished(() => store.close())
  const secrets = secretsFrom(await newKeyMaterial(randomBytes), randomBytes)
  const parts = {
    store,
    records: userApiTokenRecords(store, secrets, clock),
    clock,
    audit: storeAudit(clock, randomBytes),
    newToken: randomUUID,
  }
  const trail = storeAuditTrail(store, clock)
  const events = async (): Promise<readonly RecordedEvent['event'][]> =>
    (await trail.newestOf(userId, 50)).map(({ event }) => event)
  return { clock, store, events, tokens: storedUserApiTokens(parts), held: heldUserApiTokens(parts) }
}

type Opened = Awaited<ReturnType<typeof open>>

async function generated({ held }: Pick<Opened, 'held'>): Promise<string> {
  const made = await held.generate(asking)
  if (!('token' in made)) throw new Error(made.code)
  return made.token
}

describe('the User API Token as its user holds it, product documentation 1.2 to 1.5', () => {
  test('is made when there is none, lives two years, and says when it was made', async () => {
    const { held, tokens, clock } = await open()
    expect(await held.of(userId)).toEqual([])
    const token = await generated({ held })
    expect(await tokens.ownerOf(token)).toBe(userId)
    const expiresAt = clock.now() + 730 * dayMs
    expect(await held.of(userId)).toEqual([{ generatedAt: clock.now(), expiresAt }])
    clock.advance(730 * 86_400)
    expect(await held.of(userId)).toEqual([])
    expect(await held.generate(asking)).toHaveProperty('token')
  })

  test('of any number of parallel makings one succeeds, and only that is recorded', async () => {
    const { held, events } = await open()
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => held.generate(asking)))
    expect(outcomes.filter((outcome) => 'token' in outcome)).toHaveLength(1)
    expect(outcomes.filter((outcome) => 'code' in outcome && outcome.code === 'conflict')).toHaveLength(19)
    expect(await held.of(userId)).toHaveLength(1)
    expect(await events()).toEqual(['user-api-token-generated'])
  })

  test('ends at once when it is revoked, and nobody else’s with it', async () => {
    const { held, tokens, events, clock } = await open()
    const token = await generated({ held })
    clock.advance(1)
    const other = await held.generate({ ...asking, userId: userIdOf('us1', '2') })
    expect(await held.revokeAll(asking)).toBe(true)
    expect(await tokens.ownerOf(token)).toBeUndefined()
    expect(await tokens.ownerOf('token' in other ? other.token : '')).toBe('us1.2')
    expect(await held.revokeAll(asking)).toBe(false)
    expect(await events()).toEqual(['user-api-token-revoked', 'user-api-token-generated'])
  })

  test('after a renewal the newer stands first, and both end together', async () => {
    const { held, tokens, clock, events } = await open()
    const first = await generated({ held })
    clock.advance(60)
    const renewed = await tokens.rotate(userId, first)
    if (!('token' in renewed)) throw new Error(renewed.code)
    const [newest, before] = await held.of(userId)
    expect(newest?.generatedAt).toBe(clock.now())
    expect(before).toEqual({ generatedAt: clock.now() - 60_000, expiresAt: clock.now() + 14 * dayMs })
    clock.advance(1)
    await held.revokeAll(asking)
    expect([await tokens.ownerOf(first), await tokens.ownerOf(renewed.token)]).toEqual([undefined, undefined])
    expect((await events())[1]).toBe('user-api-token-renewed')
  })

  test('no renewal slips past a revocation, however they interleave', async () => {
    for (let round = 0; round < 20; round += 1) {
      const { held, tokens } = await open()
      const first = await generated({ held })
      const [renewed, wasThere] = await Promise.all([tokens.rotate(userId, first), held.revokeAll(asking)])
      expect(wasThere).toBe(true)
      expect(await held.of(userId)).toEqual([])
      if ('token' in renewed) expect(await tokens.ownerOf(renewed.token)).toBeUndefined()
    }
  })

  test('one that was kept before its making was is still its owner’s, and the older of two', async () => {
    const { held, tokens, store, clock } = await open()
    await tokens.install(userId, 'old', clock.now() + 900 * dayMs)
    const [record] = await store.list(`user-api-tokens:${userId}`)
    if (!record) throw new Error('nothing was kept')
    await store.commit([
      { kind: 'put', key: record.key, value: userId, expiresAt: record.expiresAt, expected: 'any' },
    ])
    expect(await tokens.ownerOf('old')).toBe(userId)
    expect(await tokens.rotate(userId, 'old')).toHaveProperty('token')
    expect((await held.of(userId)).map(({ generatedAt }) => generatedAt)).toEqual([clock.now(), undefined])
  })

  test('its value is not in the store', async () => {
    const { held, store } = await open()
    const token = await generated({ held })
    const kept = JSON.stringify([await store.list(`user-api-tokens:${userId}`), await store.list('audit')])
    expect(kept).toContain('user-api-token-generated')
    expect(kept).not.toContain(token)
  })
})
