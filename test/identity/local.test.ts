import { randomBytes, randomUUID } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import { storeAudit } from '#audit/store-audit.ts'
import { type UserId, userIdOf } from '#domain/user.ts'
import type { Directory, NewUser } from '#identity/directory.ts'
import type { Identity } from '#identity/identity.ts'
import { type LocalIdentityParts, localDirectory, localIdentity } from '#identity/local.ts'
import { type Passwords, passwordCosts, scryptPasswords } from '#identity/password.ts'
import { heldUserApiTokens, storedUserApiTokens } from '#identity/stored-user-api-tokens.ts'
import { userApiTokenRecords } from '#identity/user-api-token-records.ts'
import type { HeldUserApiTokens, UserApiTokens } from '#identity/user-api-tokens.ts'
import { userRecords } from '#identity/user-records.ts'
import { newKeyMaterial } from '#secrets/key-file.ts'
import { secretsFrom } from '#secrets/secrets.ts'
import { openStore } from '#store/open-store.ts'
import type { Store } from '#store/store.ts'
import { type FakeClock, fakeClock } from '../support/fake-clock.ts'

interface Opened {
  readonly identity: Identity & Directory
  readonly tokens: UserApiTokens & HeldUserApiTokens
  readonly store: Store
  readonly clock: FakeClock
  /** The passwords that were checked so far. */
  readonly checked: readonly string[]
  readonly parts: LocalIdentityParts
}

async function open(): Promise<Opened> {
  const clock = fakeClock()
  const { store } = await openStore({ kind: 'sqlite', path: ':memory:' }, { clock, random: randomBytes })
  onTestFinished(() => store.close())
  const secrets = secretsFrom(await newKeyMaterial(randomBytes), randomBytes)
  const checked: string[] = []
  const hashing = scryptPasswords(passwordCosts.light, randomBytes)
  const passwords: Passwords = {
    ...hashing,
    verify(password, stored) {
      checked.push(password)
      return hashing.verify(password, stored)
    },
  }
  const parts = { records: userRecords(store, secrets), passwords, audit: storeAudit(clock, randomBytes) }
  const tokenParts = {
    store,
    records: userApiTokenRecords(store, secrets, clock),
    clock,
    audit: storeAudit(clock, randomBytes),
    newToken: randomUUID,
  }
  return {
    identity: { ...localIdentity(parts), ...localDirectory(parts) },
    tokens: { ...storedUserApiTokens(tokenParts), ...heldUserApiTokens(tokenParts) },
    store,
    clock,
    checked,
    parts,
  }
}

const ada: NewUser = {
  region: 'us1',
  uid: '1',
  email: 'ada@acme.example',
  name: 'Ada',
  organizationId: '110',
  organizationName: 'Acme',
  password: 'one of us1',
}
const adaInEurope: NewUser = {
  ...ada,
  region: 'eu1',
  uid: '7',
  organizationName: 'Initech',
  password: 'one of eu1',
}

const attempt = (password: string, email = ada.email) => ({ choice: 'us1', email, password }) as const

describe('the local directory', () => {
  test('knows a user by e-mail and password in the region that was chosen', async () => {
    const { identity } = await open()
    await identity.enrol(ada)
    await identity.enrol(adaInEurope)
    expect(await identity.authenticate(attempt('one of us1'))).toMatchObject({
      id: 'us1.1',
      organizationName: 'Acme',
    })
    expect(await identity.authenticate({ ...attempt('one of eu1'), choice: 'eu1' })).toMatchObject({
      id: 'eu1.7',
    })
    expect(await identity.authenticate(attempt('one of eu1'))).toBeUndefined()
    expect(await identity.authenticate({ ...attempt('one of us1'), choice: 'us2' })).toBeUndefined()
  })

  test('tries US1 first by Default, then the others', async () => {
    const { identity, checked } = await open()
    await identity.enrol(ada)
    await identity.enrol({ ...adaInEurope, password: 'one of us1' })
    expect(await identity.authenticate({ ...attempt('one of us1'), choice: 'default' })).toMatchObject({
      id: 'us1.1',
    })
    expect(checked).toHaveLength(1)
    await identity.update(userIdOf('us1', '1'), { disabled: true })
    expect(await identity.authenticate({ ...attempt('one of us1'), choice: 'default' })).toMatchObject({
      id: 'eu1.7',
    })
  })

  test('does the same work for unknown, wrong, disabled and without a password', async () => {
    const { identity, checked } = await open()
    await identity.enrol(ada)
    const { password: _, ...passwordless } = ada
    await identity.enrol({ ...passwordless, uid: '2', email: 'sso@acme.example' })
    await identity.enrol({ ...ada, uid: '3', email: 'off@acme.example' })
    await identity.update(userIdOf('us1', '3'), { disabled: true })
    for (const email of [ada.email, 'nobody@acme.example', 'sso@acme.example', 'off@acme.example']) {
      const before = checked.length
      const password = email === 'off@acme.example' ? 'one of us1' : 'wrong'
      expect(await identity.authenticate({ choice: 'default', email, password })).toBeUndefined()
      expect({ email, checks: checked.length - before }).toEqual({ email, checks: 3 })
    }
  })

  test.each(['ADA@ACME.EXAMPLE', ' ada@acme.example ', 'Ada@acme.example'])(
    'reads "%s" as the same e-mail',
    async (email) => {
      const { identity } = await open()
      await identity.enrol(ada)
      expect(await identity.authenticate(attempt('one of us1', email))).toMatchObject({ id: 'us1.1' })
    },
  )

  test('reads composed and decomposed characters as the same, in e-mail and password', async () => {
    const { identity } = await open()
    await identity.enrol({ ...ada, email: 'zo\u00eb@acme.example', password: 'caf\u00e9' })
    const typed = attempt('cafe\u0301', 'zoe\u0308@acme.example')
    expect(await identity.authenticate(typed)).toMatchObject({ id: 'us1.1' })
  })

  test('follows a change of the e-mail, and the old one opens nothing', async () => {
    const { identity } = await open()
    await identity.enrol(ada)
    await identity.update(userIdOf('us1', '1'), { email: 'new@acme.example' })
    expect(await identity.authenticate(attempt('one of us1'))).toBeUndefined()
    expect(await identity.authenticate(attempt('one of us1', 'new@acme.example'))).toMatchObject({
      name: 'Ada',
    })
    await identity.enrol({ ...ada, email: 'third@acme.example' })
    expect(await identity.authenticate(attempt('one of us1', 'new@acme.example'))).toBeUndefined()
  })

  test.each(['ada@acme.example', ' ADA@acme.example'])(
    'gives nobody the e-mail of another user: "%s"',
    async (email) => {
      const { identity } = await open()
      await identity.enrol(ada)
      await identity.enrol({ ...ada, uid: '2', email: 'eve@acme.example', password: 'of eve' })
      await expect(identity.enrol({ ...ada, uid: '3', email })).rejects.toThrow('another user')
      await expect(identity.update(userIdOf('us1', '2'), { email })).rejects.toThrow('another user')
      expect(await identity.authenticate(attempt('one of us1'))).toMatchObject({ id: 'us1.1' })
      expect(await identity.authenticate(attempt('of eve'))).toBeUndefined()
      expect(await identity.find(userIdOf('us1', '3'))).toBeUndefined()
    },
  )

  test('keeps parallel changes of one user', async () => {
    const { identity } = await open()
    await identity.enrol(ada)
    const id = userIdOf('us1', '1')
    await Promise.all([identity.update(id, { name: 'Ada L.' }), identity.update(id, { disabled: true })])
    expect(await identity.find(id)).toMatchObject({ name: 'Ada L.', disabled: true })
  })

  test('finds a user by the address in a region, however it is written', async () => {
    const { identity } = await open()
    await identity.enrol(ada)
    expect(await identity.findByEmail('us1', ' ADA@acme.example ')).toMatchObject({ id: 'us1.1' })
    expect(await identity.findByEmail('eu1', ada.email)).toBeUndefined()
  })

  test('knows a locked user by the right password, and lifts the lock with a new one', async () => {
    const { identity } = await open()
    const { id } = await identity.enrol(ada)
    await identity.update(id, { locked: true })
    expect(await identity.authenticate(attempt('one of us1'))).toMatchObject({ id, locked: true })
    await identity.setPassword(id, 'another of us1', 'kept')
    expect(await identity.authenticate(attempt('one of us1'))).toBeUndefined()
    const unlocked = await identity.authenticate(attempt('another of us1'))
    expect(unlocked).toMatchObject({ id, locked: false, passwordExpired: false })
  })

  test('remembers that a password which another person set has to be changed', async () => {
    const { identity } = await open()
    const { id } = await identity.enrol(ada)
    expect(await identity.setPassword(id, 'of the operator', 'expired')).toMatchObject({
      passwordExpired: true,
    })
    expect(await identity.setPassword(id, 'of ada', 'kept')).toMatchObject({ passwordExpired: false })
    expect(await identity.setPassword(userIdOf('us1', '99'), 'of nobody', 'kept')).toBeUndefined()
  })

  test.each<[string, (directory: Directory, id: UserId) => Promise<unknown>]>([
    ['a new password', (directory, id) => directory.setPassword(id, 'new', 'kept')],
    ['being disabled', (directory, id) => directory.update(id, { disabled: true })],
    ['being replaced', (directory) => directory.enrol(ada)],
    ['a change that ends them', (directory, id) => directory.endSessions(id)],
  ])('counts the end of all sessions at %s', async (_, change) => {
    const { identity } = await open()
    const { id } = await identity.enrol(ada)
    await identity.update(id, { name: 'Ada L.' })
    expect((await identity.find(id))?.sessionGeneration ?? 0).toBe(0)
    await change(identity, id)
    await change(identity, id)
    expect((await identity.find(id))?.sessionGeneration).toBe(2)
  })

  test('removes a user, who may be enrolled again', async () => {
    const { identity } = await open()
    await identity.enrol(ada)
    await identity.remove(userIdOf('us1', '1'))
    await identity.remove(userIdOf('us1', '1'))
    expect(await identity.find(userIdOf('us1', '1'))).toBeUndefined()
    expect(await identity.authenticate(attempt('one of us1'))).toBeUndefined()
    await identity.enrol({ ...ada, uid: '2' })
    expect(await identity.authenticate(attempt('one of us1'))).toMatchObject({ id: 'us1.2' })
  })

  test('holds neither passwords nor the e-mails as keys', async () => {
    const { identity, store } = await open()
    await identity.enrol(ada)
    const [record] = await store.read(['user:us1.1'])
    expect(record?.value).not.toContain('one of us1')
    expect(record?.value).toMatch(/"passwordHash":"scrypt:1024:8:1:/)
    expect(await store.read(['user-email:us1:ada@acme.example'])).toEqual([undefined])
  })
})

describe('the local directory, locks and new passwords', () => {
  const auditOf = async (store: Store): Promise<readonly object[]> =>
    (await store.list('audit')).map(({ value }) => JSON.parse(value))

  test('locks who has a password and is active, once, with an entry in the audit', async () => {
    const { identity, store } = await open()
    const { password: _, ...withoutPassword } = adaInEurope
    const [user, passwordless] = [await identity.enrol(ada), await identity.enrol(withoutPassword)]
    await Promise.all([1, 2, 3].map(() => identity.lock(user.id)))
    await identity.lock(passwordless.id)
    expect(await identity.find(user.id)).toMatchObject({ locked: true })
    expect(await identity.find(passwordless.id)).not.toMatchObject({ locked: true })
    expect(await auditOf(store)).toMatchObject([{ event: 'user-locked', userId: 'us1.1' }])
  })

  test('lifts the lock by a new password, ends sessions, and says who set it', async () => {
    const { identity, store, clock } = await open()
    const { id } = await identity.enrol(ada)
    await identity.lock(id)
    clock.advance(1)
    expect(await identity.setPassword(id, 'Correct horse 7', 'kept')).toMatchObject({
      locked: false,
      passwordExpired: false,
      sessionGeneration: 1,
    })
    clock.advance(1)
    expect(await identity.setPassword(id, 'Correct horse 8', 'expired')).toMatchObject({
      passwordExpired: true,
    })
    expect(await auditOf(store)).toMatchObject([
      { event: 'user-locked', actor: 'us1.1' },
      { event: 'password-changed', actor: 'us1.1', userId: 'us1.1' },
      { event: 'password-reset', actor: 'operator', userId: 'us1.1' },
    ])
  })
})

describe('the local directory, after the cost of hashes was raised', () => {
  const hashesAt = async (store: Store): Promise<string | undefined> => {
    const [record] = await store.read(['user:us1.1'])
    return /"passwordHash":"(scrypt:\d+:\d+:\d+)/.exec(record?.value ?? '')?.[1]
  }

  test('makes a hash anew when its user signs in, and not before', async () => {
    const { identity, store, parts } = await open()
    await identity.enrol(ada)
    const raised = localIdentity({
      ...parts,
      passwords: scryptPasswords({ N: 2_048, r: 8, p: 1 }, randomBytes),
    })
    await raised.authenticate(attempt('wrong'))
    expect(await hashesAt(store)).toBe('scrypt:1024:8:1')
    expect(await raised.authenticate(attempt('one of us1'))).toMatchObject({ id: 'us1.1' })
    expect(await hashesAt(store)).toBe('scrypt:2048:8:1')
    expect(await raised.authenticate(attempt('one of us1'))).toMatchObject({ id: 'us1.1' })
  })
})

describe('User API Tokens, thousandeyes-facts 5.3', () => {
  const [owner, day] = [userIdOf('us1', '1'), 86_400]

  test('belong to their owner until they end', async () => {
    const { tokens, clock } = await open()
    await tokens.install(owner, 'f537f4ac-2921-3199-bbab-d5a43f1c2b60', clock.now() + day * 1000)
    expect(await tokens.ownerOf('F537F4AC-2921-3199-BBAB-D5A43F1C2B60')).toBe(owner)
    expect(await tokens.ownerOf('f537f4ac-2921-3199-bbab-d5a43f1c2b61')).toBeUndefined()
    clock.advance(day)
    expect(await tokens.ownerOf('f537f4ac-2921-3199-bbab-d5a43f1c2b60')).toBeUndefined()
  })

  test('rotate: the new one lives two years, the old one 14 more days, and a third has to wait', async () => {
    const { tokens, clock } = await open()
    await tokens.install(owner, 'old', clock.now() + 100 * day * 1000)
    const rotated = await tokens.rotate(owner, 'old')
    if (!('token' in rotated)) throw new Error(rotated.code)
    expect(rotated.expiresAt).toBe(clock.now() + 730 * day * 1000)
    expect(await tokens.rotate(owner, rotated.token)).toMatchObject({ code: 'conflict' })
    clock.advance(14 * day - 1)
    expect(await tokens.ownerOf('old')).toBe(owner)
    clock.advance(1)
    expect(await tokens.ownerOf('old')).toBeUndefined()
    expect(await tokens.ownerOf(rotated.token)).toBe(owner)
    expect(await tokens.rotate(owner, rotated.token)).toHaveProperty('token')
  })

  test('of two rotations at once one is refused', async () => {
    const { tokens, clock } = await open()
    await tokens.install(owner, 'old', clock.now() + day * 1000)
    const outcomes = await Promise.all([tokens.rotate(owner, 'old'), tokens.rotate(owner, 'old')])
    expect(outcomes.filter((outcome) => 'token' in outcome)).toHaveLength(1)
  })

  test('end at once when they are revoked', async () => {
    const { tokens, clock } = await open()
    await tokens.install(owner, 'old', clock.now() + day * 1000)
    await tokens.revoke('old')
    await tokens.revoke('never there')
    expect(await tokens.ownerOf('old')).toBeUndefined()
  })
})
