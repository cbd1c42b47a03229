import { beforeEach, describe, expect, test } from 'vitest'
import type { UserId } from '#domain/user.ts'
import { type Calls, openCalls, viewer } from './emulator-calls.ts'

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const nora = {
  region: 'us1',
  organizationId: '110',
  email: 'nora@acme.example',
  name: 'Nora New',
  roles: [
    { accountGroup: '1102', role: 'Regular User' },
    { accountGroup: '1102', role: 'Account Admin' },
    { accountGroup: '1101', role: 'Regular User' },
  ],
} as const

describe('a person who is added', () => {
  test('is a user of v7 with the roles given, and one of the directory', async () => {
    await calls.upstream.people.add({ ...nora, password: 'Correct-Horse-9' })
    const { body } = await calls.call('GET', '/users')
    const found = body.users.find(({ email }: { email: string }) => email === nora.email)
    const detail = (await calls.call('GET', `/users/${found.uid}`)).body
    expect(detail.loginAccountGroup).toEqual({ aid: '1102', accountGroupName: 'Acme Branches' })
    expect(
      detail.accountGroupRoles.map((one: { accountGroup: { aid: string }; roles: { name: string }[] }) => [
        one.accountGroup.aid,
        one.roles.map(({ name }) => name),
      ]),
    ).toEqual([
      ['1102', ['Regular User', 'Account Admin']],
      ['1101', ['Regular User']],
    ])
    expect(calls.directoryCalls).toEqual([
      [
        'enrol',
        {
          region: 'us1',
          uid: found.uid,
          email: nora.email,
          name: nora.name,
          organizationId: '110',
          organizationName: 'Acme Networks',
          password: 'Correct-Horse-9',
        },
      ],
    ])
  })

  test.each([
    ['unknown_account_group', { roles: [{ accountGroup: '2101', role: 'Regular User' }] }, '1101, 1102'],
    ['unknown_account_group', { roles: [] }, '1101, 1102'],
    ['unknown_organization', { organizationId: '999' }, '110 (Acme Networks)'],
    [
      'unknown_role',
      { roles: [{ accountGroup: '1101', role: 'Owner' }] },
      'Organization Admin, Account Admin, Regular User',
    ],
    ['email_taken', { email: 'VIEWER@acme.example' }, 'exists already'],
  ])('is refused with %s for %j, and nothing is written', async (code, change, words) => {
    const refusal = await calls.upstream.people.add({ ...nora, ...change })
    expect(refusal).toMatchObject({ kind: 'refusal', code, description: expect.stringContaining(words) })
    expect(calls.directoryCalls).toEqual([])
    expect((await calls.call('GET', '/users')).text).not.toContain(nora.name)
  })
})

describe('the permissions of a user', () => {
  test('are those of the roles in all account groups', async () => {
    const ofViewer = await calls.upstream.people.permissionsOf(viewer as UserId)
    expect(ofViewer).toContain('Login via Single Sign-On')
    expect(ofViewer).not.toContain('Edit tests')
    expect(await calls.upstream.people.permissionsOf('us1.1001' as UserId)).toContain('Edit roles')
  })

  test.each(['us1.9', 'us9.1001', ''])('are none for %j, who does not exist', async (id) => {
    expect(await calls.upstream.people.permissionsOf(id as UserId)).toEqual(new Set())
  })
})
