import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls, ops, origin, viewer } from './emulator-calls.ts'
import { violations } from './schema-check.ts'

const organizationAdmin = '35'
const accountAdmin = '36'
const regularUser = '37'

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

interface ShownGroup {
  readonly aid: string
}

describe('/account-groups', () => {
  const aidsOf = async (as: string): Promise<readonly string[]> =>
    (await calls.call('GET', '/account-groups', { as })).body.accountGroups.map(({ aid }: ShownGroup) => aid)

  const rolesIn = (aids: readonly string[]) =>
    aids.map((accountGroupId) => ({ accountGroupId, roleIds: [regularUser] }))

  const portal = { url: 'https://portal.acme.example', interval: 300, agents: [{ agentId: '110202' }] }

  /** What shows the account group. */
  async function namersOf(aid: string): Promise<readonly string[]> {
    const paths = ['/agents/110202', '/tests/http-server/110301', '/users/1003']
    const read = await Promise.all(
      paths.map((path) =>
        calls.call('GET', path, { query: path.startsWith('/tests') ? 'expand=shared-with-account' : '' }),
      ),
    )
    return paths.filter((_, index) => read[index]?.text.includes(`"${aid}"`))
  }

  test('lists those that the user reaches', async () => {
    expect(await aidsOf('us1.1001')).toEqual(['1101', '1102'])
    expect(await aidsOf(ops)).toEqual(['1101', '1102'])
    expect(await aidsOf(viewer)).toEqual(['1101'])
    const { body } = await calls.call('GET', '/account-groups')
    expect(violations('AccountGroups', body)).toEqual([])
  })

  test('creates, reads with users and agents, changes and deletes', async () => {
    const made = await calls.call('POST', '/account-groups', {
      body: { accountGroupName: 'Acme Lab', agents: ['110201'] },
    })
    const { aid } = made.body
    expect(made.status).toBe(201)
    expect(made.headers['location']).toBe(`${origin}/v7/account-groups/${aid}`)
    const read = await calls.call('GET', `/account-groups/${aid}`, { query: 'expand=user,agent' })
    expect(violations('AccountGroupDetail', read.body)).toEqual([])
    expect(read.body.agents.map(({ agentId }: { agentId: string }) => agentId)).toEqual(['110201'])
    expect(await aidsOf('us1.1001')).toContain(aid)
    const renamed = await calls.call('PUT', `/account-groups/${aid}`, { body: { accountGroupName: 'Lab' } })
    expect(renamed.body.accountGroupName).toBe('Lab')
    expect((await calls.call('DELETE', `/account-groups/${aid}`)).status).toBe(204)
    expect((await calls.call('GET', '/tests', { aid })).status).toBe(403)
  })

  test('takes what was given to it back when it is deleted', async () => {
    const { body: group } = await calls.call('POST', '/account-groups', {
      body: { accountGroupName: 'Acme Lab', agents: ['110202'] },
    })
    const { aid } = group
    const shared = { ...portal, sharedWithAccounts: [aid, '1102'] }
    await calls.call('PUT', '/tests/http-server/110301', { body: shared })
    const roles = { accountGroupRoles: rolesIn(['1101', aid]), loginAccountGroupId: aid }
    await calls.call('PUT', '/users/1003', { body: roles })
    expect(await namersOf(aid)).toEqual(['/agents/110202', '/tests/http-server/110301', '/users/1003'])
    expect((await calls.call('DELETE', `/account-groups/${aid}`)).status).toBe(204)
    expect(await namersOf(aid)).toEqual([])
    expect((await calls.call('PUT', '/users/1003', { body: { name: 'Vera' } })).status).toBe(200)
    expect((await calls.call('GET', '/users/1003')).body.loginAccountGroup.aid).toBe('1101')
    const read = await calls.call('GET', '/tests/http-server/110301', { query: 'expand=shared-with-account' })
    expect(read.body.sharedWithAccounts.map((one: ShownGroup) => one.aid)).toContain('1102')
  })

  test('takes its agents with it from the tests of others', async () => {
    const { body: group } = await calls.call('POST', '/account-groups', { body: { accountGroupName: 'Lab' } })
    const given = await calls.call('PUT', '/agents/110501', {
      aid: '1102',
      body: { accountGroups: ['1101', group.aid] },
    })
    expect(given.status).toBe(200)
    const agents = [{ agentId: '110501' }, { agentId: '4' }]
    const changed = await calls.call('PUT', '/tests/http-server/110301', { body: { ...portal, agents } })
    expect(changed.status).toBe(200)
    expect((await calls.call('DELETE', '/account-groups/1102')).status).toBe(204)
    const read = await calls.call('GET', '/tests/http-server/110301', { query: 'expand=agent' })
    expect(read.body.agents.map(({ agentId }: { agentId: string }) => agentId)).toEqual(['4'])
  })

  test('refuses a name that is taken, and the deletion of the own login account group', async () => {
    const taken = await calls.call('POST', '/account-groups', { body: { accountGroupName: 'Acme HQ' } })
    expect(taken.status).toBe(400)
    expect((await calls.call('DELETE', '/account-groups/1101')).status).toBe(403)
  })

  test('is for organization administrators where the document says so', async () => {
    expect((await calls.call('GET', '/account-groups/1101', { as: ops })).status).toBe(403)
    const body = { accountGroupName: 'Mine' }
    expect((await calls.call('POST', '/account-groups', { as: ops, body })).status).toBe(403)
  })

  test('ends at the organization', async () => {
    expect((await calls.call('GET', '/account-groups/3101')).status).toBe(404)
  })
})

describe('/users', () => {
  const newcomer = {
    email: 'new@acme.example',
    name: 'New',
    loginAccountGroupId: '1102',
    accountGroupRoles: [{ accountGroupId: '1102', roleIds: [regularUser] }],
  }

  test('shows the caller under /users/current', async () => {
    const { body } = await calls.call('GET', '/users/current', { as: viewer })
    expect(violations('UserDetail', body)).toEqual([])
    expect(body).toMatchObject({
      uid: '1003',
      email: 'viewer@acme.example',
      loginAccountGroup: { aid: '1101', accountGroupName: 'Acme HQ' },
      accountGroupRoles: [{ accountGroup: { aid: '1101' }, roles: [{ name: 'Regular User' }] }],
    })
    expect(body['_links'].self.href).toBe(`${origin}/v7/users/current`)
  })

  test('creates, changes and deletes people who sign in, with ids made into objects', async () => {
    const made = await calls.call('POST', '/users', { body: newcomer })
    expect(violations('CreatedUser', made.body)).toEqual([])
    const { uid } = made.body
    const id = `us1.${uid}`
    expect((await calls.call('GET', '/users/current', { as: id })).body.email).toBe('new@acme.example')
    await calls.call('PUT', `/users/${uid}`, { body: { name: 'Newer' } })
    expect((await calls.call('DELETE', `/users/${uid}`)).status).toBe(204)
    expect((await calls.call('GET', '/users/current', { as: id })).status).toBe(403)
    expect(calls.directoryCalls).toEqual([
      [
        'enrol',
        {
          region: 'us1',
          uid,
          email: 'new@acme.example',
          name: 'New',
          organizationId: '110',
          organizationName: 'Acme Networks',
        },
      ],
      ['update', [id, { email: 'new@acme.example', name: 'Newer' }]],
      ['remove', id],
    ])
  })

  test('lists the organization in the form of the document, to those who may see it', async () => {
    const { body } = await calls.call('GET', '/users', { as: ops })
    expect(violations('Users', body)).toEqual([])
    expect(body.users).toHaveLength(4)
    expect((await calls.call('GET', '/users', { as: viewer })).status).toBe(403)
  })

  test.each([
    ['an e-mail that is taken', { email: 'OPS@acme.example' }],
    ['an account group of others', { loginAccountGroupId: '3101' }],
    ['a role that there is not', { accountGroupRoles: [{ accountGroupId: '1102', roleIds: ['9'] }] }],
    ['no e-mail', { email: '' }],
  ])('refuses %s', async (_, wrong) => {
    expect((await calls.call('POST', '/users', { body: { ...newcomer, ...wrong } })).status).toBe(400)
    expect(calls.directoryCalls).toEqual([])
  })

  test('lets nobody give more than it has, nor touch those who have more', async () => {
    const rise = {
      ...newcomer,
      accountGroupRoles: [{ accountGroupId: '1102', roleIds: [organizationAdmin] }],
    }
    expect((await calls.call('POST', '/users', { as: ops, body: rise })).status).toBe(403)
    const everywhere = { ...newcomer, allAccountGroupRoleIds: [accountAdmin] }
    expect((await calls.call('POST', '/users', { as: ops, body: everywhere })).status).toBe(403)
    expect((await calls.call('PUT', '/users/1001', { as: ops, body: { name: 'x' } })).status).toBe(403)
    expect((await calls.call('DELETE', '/users/1001', { as: ops })).status).toBe(403)
    expect((await calls.call('POST', '/users', { as: ops, body: newcomer })).status).toBe(201)
  })

  test('lets nobody delete itself', async () => {
    expect((await calls.call('DELETE', '/users/1001')).status).toBe(403)
  })
})

describe('/roles and /permissions', () => {
  test('creates, reads, changes and deletes a role of its own, which then counts', async () => {
    const catalogue = await calls.call('GET', '/permissions')
    expect(violations('Permissions', catalogue.body)).toEqual([])
    const idOf = (label: string): string =>
      catalogue.body.permissions.find((one: { label: string }) => one.label === label).permissionId
    const permissions = ['API access', 'View tests', 'Edit tests'].map(idOf)
    const made = await calls.call('POST', '/roles', { body: { name: 'Tester', permissions } })
    expect(made.status).toBe(201)
    expect(violations('RoleDetail', made.body)).toEqual([])
    const user = await calls.call('POST', '/users', {
      body: {
        email: 'tester@acme.example',
        loginAccountGroupId: '1101',
        accountGroupRoles: [{ accountGroupId: '1101', roleIds: [made.body.roleId] }],
      },
    })
    const tester = `us1.${user.body.uid}`
    const bgp = { prefix: '203.0.113.0/24' }
    expect((await calls.call('POST', '/tests/bgp', { as: tester, body: bgp })).status).toBe(201)
    expect((await calls.call('GET', '/agents', { as: tester })).status).toBe(403)
    await calls.call('PUT', `/roles/${made.body.roleId}`, { body: { permissions: permissions.slice(0, 2) } })
    expect((await calls.call('POST', '/tests/bgp', { as: tester, body: bgp })).status).toBe(403)
    expect((await calls.call('DELETE', `/roles/${made.body.roleId}`)).status).toBe(204)
    expect((await calls.call('GET', '/tests', { as: tester })).status).toBe(403)
  })

  test('keeps built-in roles as they are', async () => {
    expect((await calls.call('PUT', `/roles/${regularUser}`, { body: { name: 'x' } })).status).toBe(403)
    expect((await calls.call('DELETE', `/roles/${regularUser}`)).status).toBe(403)
  })

  test('lists the built-in roles in the form of the document', async () => {
    const { body } = await calls.call('GET', '/roles')
    expect(violations('Roles', body)).toEqual([])
    expect(body.roles.map(({ name }: { name: string }) => name)).toEqual([
      'Organization Admin',
      'Account Admin',
      'Regular User',
    ])
  })

  test('is closed to users without management permissions', async () => {
    expect((await calls.call('GET', '/permissions', { as: ops })).status).toBe(403)
  })
})
