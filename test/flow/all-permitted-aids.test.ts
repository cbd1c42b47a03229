import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Asked, adminToken, type Came, type Ground, openGround } from '../dialect/ground.ts'
import { rows } from '../dialect/sample-bodies.ts'

let ground: Ground
beforeAll(async () => {
  ground = await openGround()
})
afterAll(() => ground.close())
beforeEach(() => ground.reset())

const scopes = ['organization:read', 'endpoint-agents:read', 'endpoint-tests:read']

interface Wish {
  readonly user?: string
  readonly accountGroups?: readonly string[]
}

/** A connection of a user who is in both account groups, unless another one is named. */
async function tokenOf({ user = 'ops@acme.example', ...more }: Wish = {}): Promise<string> {
  const answer = await fetch(`${ground.service.url}/emulator/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ integration: 'api-tokens', name: 'One', scopes, user, ...more }),
  })
  expect(answer.status).toBe(201)
  const { access_token: token } = (await answer.json()) as { readonly access_token: string }
  return token
}

async function made(method: string, path: string, asked: Asked): Promise<Came> {
  const answer = await ground.call(method, path, asked)
  expect([path, answer.status]).toEqual([path, 201])
  return answer
}

/** Something in the log of each account group. */
async function writeLog(): Promise<void> {
  for (const aid of ['1101', '1102'])
    await made('POST', '/tags', {
      query: `aid=${aid}`,
      body: { key: 'seen', value: aid, objectType: 'test', accessType: 'all' },
    })
}

/** The operations that have the parameter, with what they list. */
const operations = [
  ['GET', '/audit-user-events', 'auditEvents'],
  ['GET', '/endpoint/agents', 'agents'],
  ['POST', '/endpoint/test-results/scheduled-tests/network/filter', 'results'],
  ['POST', '/endpoint/test-results/scheduled-tests/http-server/filter', 'results'],
] as const

test('are these of the document', () => {
  const declaring = rows.filter(({ query }) => 'useAllPermittedAids' in query)
  expect(new Set(declaring.map(({ method, path }) => `${method} ${path}`))).toEqual(
    new Set(operations.map(([method, path]) => `${method} ${path}`)),
  )
})

describe.each(operations)('useAllPermittedAids of %s %s', (method, path, key) => {
  const ask = (token: string, query: string): Promise<Came> =>
    ground.call(method, path, { token, query, ...(method === 'POST' && { body: {} }) })
  const groupsIn = (answer: Came): readonly string[] => {
    expect(answer.status).toBe(200)
    const listed: readonly { readonly aid: string }[] = answer.body[key]
    return [...new Set(listed.map(({ aid }) => aid))].toSorted()
  }

  test('spans the account groups of the user when it is true, and only then', async () => {
    await writeLog()
    for (const token of [await tokenOf(), adminToken]) {
      for (const query of ['', 'useAllPermittedAids=false', 'aid=1101'])
        expect(groupsIn(await ask(token, query))).toEqual(['1101'])
      for (const query of ['useAllPermittedAids=true', 'aid=1102&useAllPermittedAids=true'])
        expect(groupsIn(await ask(token, query))).toEqual(['1101', '1102'])
    }
  })

  test('is no way around a connection that is limited to one of them', async () => {
    await writeLog()
    const token = await tokenOf({ accountGroups: ['1101'] })
    for (const value of ['true', 'TRUE', '1', 'yes', '', 'false&useAllPermittedAids=true'])
      for (const aid of ['', 'aid=1101&', 'aid=1102&']) {
        const { status, body } = await ask(token, `${aid}useAllPermittedAids=${value}`)
        expect([status, body.code]).toEqual([403, 'account_group_not_granted'])
      }
    expect(groupsIn(await ask(token, 'useAllPermittedAids=false'))).toEqual(['1101'])
    expect((await ask(token, 'useAllPermittedAids=false&aid=1102')).status).toBe(403)
  })

  test('spans those that a connection names one by one, as long as they are all', async () => {
    await writeLog()
    const token = await tokenOf({ accountGroups: ['1101', '1102'] })
    expect(groupsIn(await ask(token, 'useAllPermittedAids=true'))).toEqual(['1101', '1102'])
    const third = await made('POST', '/account-groups', { body: { accountGroupName: 'Third' } })
    const { roles } = (await ground.call('GET', '/roles')).body
    const { roleId } = roles.find(({ name }: { name: string }) => name === 'Account Admin')
    const accountGroupRoles = ['1101', '1102', third.body.aid].map((aid) => ({
      accountGroupId: aid,
      roleIds: [roleId],
    }))
    const given = await ground.call('PUT', '/users/1002', { body: { accountGroupRoles } })
    expect(given.status).toBe(200)
    // What a user reaches is believed for a second, so that a burst of calls is one question.
    await fetch(`${ground.service.url}/emulator/clock/advance`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ by: '1s' }),
    })
    expect((await ask(token, 'useAllPermittedAids=true')).status).toBe(403)
  })

  test('leaves out account groups in which the user may not see the same', async () => {
    await writeLog()
    const { permissions } = (await ground.call('GET', '/permissions')).body
    const apiAccess = permissions.find(({ label }: { label: string }) => label === 'API access')
    const role = { name: 'Hardly anything', permissions: [apiAccess.permissionId] }
    const { roleId } = (await made('POST', '/roles', { body: role })).body
    const { roles } = (await ground.call('GET', '/roles')).body
    const accountAdmin = roles.find(({ name }: { name: string }) => name === 'Account Admin')
    const user = {
      name: 'Hedda',
      email: 'hedda@acme.example',
      loginAccountGroupId: '1101',
      accountGroupRoles: [
        { accountGroupId: '1101', roleIds: [accountAdmin.roleId] },
        { accountGroupId: '1102', roleIds: [roleId] },
      ],
    }
    await made('POST', '/users', { body: user })
    const token = await tokenOf({ user: user.email })
    expect(groupsIn(await ask(token, 'useAllPermittedAids=true'))).toEqual(['1101'])
    expect((await ask(token, 'aid=1102&useAllPermittedAids=true')).status).toBe(403)
  })

  test.each(['TRUE', '1', 'yes', '', 'true&useAllPermittedAids=maybe'])(
    'is not read from %j',
    async (value) => {
      const { status, headers, text } = await ask(adminToken, `useAllPermittedAids=${value}`)
      expect([status, headers.get('content-type')]).toEqual([400, expect.stringMatching(/json/)])
      expect(text).toContain('useAllPermittedAids')
    },
  )
})

test('pages over account groups hold each agent once', async () => {
  const token = await tokenOf()
  const all = await ground.call('GET', '/endpoint/agents', { token, query: 'useAllPermittedAids=true' })
  let page = await ground.call('GET', '/endpoint/agents', { token, query: 'useAllPermittedAids=true&max=1' })
  const ids: string[] = []
  for (;;) {
    ids.push(...page.body.agents.map(({ id }: { id: string }) => id))
    const { next } = page.body._links
    if (!next) break
    expect(next.href).toContain('useAllPermittedAids=true')
    page = await ground.call('GET', next.href, { token })
    expect(page.status).toBe(200)
    expect(ids.length).toBeLessThan(20)
  }
  expect(ids).toEqual(all.body.agents.map(({ id }: { id: string }) => id))
})
