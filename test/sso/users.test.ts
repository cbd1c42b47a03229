import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RunningPanoptes } from '../support/panoptes.ts'
import { callV7, findUser } from './administrator.ts'
import {
  type IndependentProvider,
  openProvider,
  personAtSignIn,
  signInBySso,
  startWith,
} from './independent-provider.ts'

let provider: IndependentProvider
let service: RunningPanoptes
beforeAll(async () => {
  provider = await openProvider()
})
afterAll(() => provider.stop())

const create = `    create:
      - { claim: groups, value: operators, role: Account Admin, accountGroup: '1102' }
      - { claim: department, value: 42, role: Regular User, accountGroup: '1101' }
      - { claim: groups, value: lost, role: Regular User, accountGroup: '9999' }
`

async function signInAs(claims: Record<string, unknown>): Promise<string> {
  provider.claims = { email_verified: true, ...claims }
  return signInBySso(await personAtSignIn(service))
}

const signedIn = 'Confirm authorization'
const noUser = 'You have no user here'

describe('somebody whom nobody added', () => {
  beforeAll(async () => {
    service = await startWith(provider, { more: create })
  })
  afterAll(() => service.stop())

  test.each([
    ['no claim', {}],
    ['another group', { groups: ['visitors'] }],
    ['a group that only begins alike', { groups: ['operators-of-lunch'] }],
    ['groups in one text', { groups: 'operators, visitors' }],
    ['an object', { groups: { operators: true } }],
    ['an object that is no text', { groups: { toString: 'operators', valueOf: 'operators' } }],
    ['a group that is no text', { groups: [{ toString: 'operators' }] }],
    ['a list within the list', { groups: [['operators']] }],
    ['another number', { department: 420 }],
    ['an account group that does not exist', { groups: ['lost'] }],
  ])('is not made a user with %s', async (_, claims) => {
    const email = 'newcomer@sso.example'
    expect(await signInAs({ sub: 'newcomer', email, ...claims })).toContain(noUser)
    expect(await findUser(service, email)).toBeUndefined()
  })

  test.each(['/evil.example', '?evil.example', '#evil.example', '\\evil.example', ':80', '.'])(
    'is not made a user with an address whose domain only begins like one of the rule: sso.example%s',
    async (more) => {
      const email = `newcomer@sso.example${more}`
      expect(await signInAs({ sub: 'n', email, groups: ['operators'] })).not.toContain(signedIn)
      expect(await findUser(service, email)).toBeUndefined()
    },
  )

  test('is made a user where a rule fits, with the role and account group of every rule that does', async () => {
    const email = 'New.Operator@sso.example'
    const text = await signInAs({
      sub: 'n-o',
      email,
      name: 'Nele Operator',
      groups: ['x', 'operators'],
      department: 42,
    })
    expect(text).toContain(signedIn)
    expect(text).toContain('Acme Branches')
    const user = await findUser(service, 'new.operator@sso.example')
    expect(user?.name).toBe('Nele Operator')
    expect(
      user?.accountGroupRoles.map(({ accountGroup, roles }) => [
        accountGroup.aid,
        roles.map(({ name }) => name),
      ]),
    ).toEqual([
      ['1102', ['Account Admin']],
      ['1101', ['Regular User']],
    ])
  })

  test.each([
    ['steered', 'Ste\u001b[2Jered\u0000 \u0007Name', 'Ste [2Jered Name'],
    ['unnamed', ' \u0000', 'unnamed@sso.example'],
  ])('is made one with a name that is text: %s', async (local, name, expected) => {
    const email = `${local}@sso.example`
    expect(await signInAs({ sub: local, email, name, groups: ['operators'] })).toContain(signedIn)
    expect((await findUser(service, email))?.name).toBe(expected)
  })

  test('is made one once, however many sign-ins begin at the same time', async () => {
    provider.claims = { sub: 'twin', email: 'twin@sso.example', groups: ['operators'] }
    const people = await Promise.all([1, 2, 3].map(() => personAtSignIn(service)))
    for (const text of await Promise.all(people.map(signInBySso))) expect(text).toContain(signedIn)
    const { users } = await callV7<{ users: { email: string }[] }>(service, 'GET', '/users')
    expect(users.filter(({ email }) => email === 'twin@sso.example')).toHaveLength(1)
  })

  test('keeps the roles that an administrator gave, whatever the claims say later', async () => {
    const email = 'kept@sso.example'
    await signInAs({ sub: 'kept', email, groups: ['operators'] })
    expect(await signInAs({ sub: 'kept', email, groups: ['operators'], department: 42 })).toContain(signedIn)
    expect((await findUser(service, email))?.accountGroupRoles).toHaveLength(1)
  })
})

describe('whose user a subject is', () => {
  beforeEach(async () => {
    service = await startWith(provider, { more: create })
    return () => service.stop()
  })
  const viewer = { sub: 'viewer', email: 'viewer@acme.example' }

  test('is settled by the address at the first sign-in, in any case of letters', async () => {
    expect(await signInAs({ ...viewer, email: 'Viewer@ACME.example' })).toContain('viewer@acme.example')
  })

  test('stays the same when the address changes at the provider, even to that of somebody else', async () => {
    await signInAs(viewer)
    const text = await signInAs({ ...viewer, email: 'admin@acme.example' })
    expect(text).toContain(signedIn)
    expect(text).toContain('viewer@acme.example')
    expect(text).not.toContain('admin@acme.example')
  })

  test('is nobody else when the address was given to somebody new at the provider', async () => {
    await signInAs(viewer)
    expect(await signInAs({ ...viewer, sub: 'another' })).toContain('signed in before as somebody else')
    expect(await signInAs(viewer)).toContain(signedIn)
  })

  test('is settled anew when the user was removed and added again', async () => {
    await signInAs({ sub: 'gone', email: 'gone@sso.example', groups: ['operators'] })
    const before = await findUser(service, 'gone@sso.example')
    await callV7(service, 'DELETE', `/users/${before?.uid}`)
    expect(await signInAs({ sub: 'gone', email: 'gone@sso.example' })).toContain(noUser)
    expect(await signInAs({ sub: 'gone', email: 'gone@sso.example', groups: ['operators'] })).toContain(
      signedIn,
    )
    expect((await findUser(service, 'gone@sso.example'))?.uid).not.toBe(before?.uid)
  })

  test.each([
    ['a plus', 'plus+tag@sso.example', 'Plus+Tag@SSO.example', 'plus@sso.example'],
    ['letters with accents', 'jo\u0308rg@sso.example', 'J\u00d6RG@sso.example', 'jorg@sso.example'],
  ])(
    'with %s in the address is one user, however it is written, and nobody without it',
    async (_, email, again, alike) => {
      expect(await signInAs({ sub: email, email, groups: ['operators'] })).toContain(signedIn)
      expect(await signInAs({ sub: email, email: again })).toContain(signedIn)
      expect(await signInAs({ sub: `${email} twin`, email: again })).toContain(
        'signed in before as somebody else',
      )
      expect(await signInAs({ sub: alike, email: alike })).toContain(noUser)
    },
  )

  test('is nobody of another organization than that of the rule', async () => {
    await using other = await startWith(provider, { organization: '999' })
    provider.claims = viewer
    expect(await signInBySso(await personAtSignIn(other))).toContain(noUser)
  })

  test('is the user of the region of the rule, where the address stands in two', async () => {
    const text = await signInAs({ sub: 'admin', email: 'admin@acme.example' })
    expect(text).toMatch(/Region US1 /)
    expect(text).toContain('Acme Networks')
  })

  test('is refused while the user is locked, and the lock stays', async () => {
    await signInAs(viewer)
    const user = await findUser(service, viewer.email)
    const lock = (method: 'PUT' | 'DELETE'): Promise<Response> =>
      fetch(`${service.url}/emulator/users/us1.${user?.uid}/lock`, { method })
    expect((await lock('PUT')).status).toBe(204)
    expect(await signInAs(viewer)).toContain('locked or disabled')
    expect(await signInAs(viewer)).toContain('locked or disabled')
    await lock('DELETE')
    expect(await signInAs(viewer)).toContain(signedIn)
  })
})
