import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls, viewer } from './emulator-calls.ts'
import { violations } from './schema-check.ts'

interface ShownAgent {
  readonly agentId: string
  readonly agentName: string
  readonly agentType: string
}

const everything = 'expand=cluster-member,test,test-ids,notification-rule'

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

describe('GET /agents', () => {
  test('lists cloud agents and the own enterprise agents, in the form of the document', async () => {
    const { body } = await calls.call('GET', '/agents', { query: everything })
    expect(violations('CloudEnterpriseAgents', body)).toEqual([])
    const names = body.agents.map(({ agentName }: ShownAgent) => agentName)
    expect(names).toEqual(expect.arrayContaining(['Frankfurt, Germany', 'acme-hq-1', 'acme-dc-cluster']))
    expect(names).not.toContain('acme-branch-austin')
  })

  test('filters by types', async () => {
    const { body } = await calls.call('GET', '/agents', { query: 'agentTypes=enterprise,enterprise-cluster' })
    expect(new Set(body.agents.map(({ agentType }: ShownAgent) => agentType))).toEqual(
      new Set(['enterprise', 'enterprise-cluster']),
    )
  })

  test('ignores parameters that the document does not know', async () => {
    expect((await calls.call('GET', '/agents', { query: 'cursor=x&nonsense=1' })).status).toBe(200)
  })
})

describe('one agent', () => {
  test.each(['3', '110201', '110203'])('%s reads in the form of the document', async (id) => {
    const { status, body } = await calls.call('GET', `/agents/${id}`, { query: everything })
    expect(status).toBe(200)
    expect(violations('AgentDetails', body)).toEqual([])
  })

  test('of the cloud is neither changed nor deleted', async () => {
    expect((await calls.call('PUT', '/agents/3', { body: { agentName: 'Mine' } })).status).toBe(403)
    expect((await calls.call('DELETE', '/agents/3')).status).toBe(403)
  })

  test('is changed by those who may, keeps what was not given, and has a name of its own', async () => {
    const body = { agentName: 'renamed', localResolutionPrefixes: ['10.0.0.0/8'] }
    expect((await calls.call('PUT', '/agents/110201', { body, as: viewer })).status).toBe(403)
    const changed = await calls.call('PUT', '/agents/110201', { body })
    expect(changed.body).toMatchObject({ ...body, hostname: 'acme-hq-1' })
    const taken = await calls.call('PUT', '/agents/110202', { body: { agentName: 'renamed' } })
    expect(taken.status).toBe(400)
    const prefixes = Array.from({ length: 6 }, (_, index) => `10.${index}.0.0/16`)
    const many = await calls.call('PUT', '/agents/110202', { body: { localResolutionPrefixes: prefixes } })
    expect(many.status).toBe(400)
    for (const prefix of ['10.0.0.0', '10.0.0.0/33', '2001:db8::/129', 'acme/8']) {
      const body = { localResolutionPrefixes: ['10.0.0.0/8', prefix] }
      expect((await calls.call('PUT', '/agents/110202', { body })).status, prefix).toBe(400)
    }
  })

  test('is a target under an address or a domain name', async () => {
    for (const targetForTests of ['192.0.2.7', 'hq.acme.example']) {
      const { status, body } = await calls.call('PUT', '/agents/110201', { body: { targetForTests } })
      expect([status, body.targetForTests]).toEqual([200, targetForTests])
    }
    expect((await calls.call('PUT', '/agents/110201', { body: { targetForTests: 7 } })).status).toBe(400)
  })

  test('that is deleted is measured no more: the tests of it are disabled', async () => {
    const path = '/tests/agent-to-agent/110304'
    const before = await calls.call('GET', path)
    expect(before.body).toMatchObject({ enabled: true, targetAgentId: '110203' })
    expect((await calls.call('DELETE', '/agents/110203')).status).toBe(204)
    expect((await calls.call('GET', path)).body.enabled).toBe(false)
  })

  test('that is deleted leaves its tests, and a test without agents is disabled', async () => {
    const before = await calls.call('GET', '/tests/agent-to-agent/110304')
    expect((await calls.call('DELETE', '/agents/110201')).status).toBe(204)
    const { body } = await calls.call('GET', '/tests/agent-to-agent/110304', { query: 'expand=agent' })
    expect(body).toMatchObject({ enabled: false, agents: [] })
    expect(body.modifiedDate).not.toBe(before.body.modifiedDate)
  })
})

describe('tests of an agent', () => {
  const idsOn = async (agentId: string): Promise<readonly number[]> =>
    (await calls.call('GET', `/agents/${agentId}`, { query: 'expand=test-ids' })).body.testIds

  test('are assigned, replaced and taken away', async () => {
    const path = '/agents/110202/tests'
    const added = await calls.call('POST', `${path}/assign`, { body: { testIds: ['110301', '110303'] } })
    expect(violations('AgentDetails', added.body)).toEqual([])
    await calls.call('POST', `${path}/assign`, { body: { testIds: ['110303', '110306'] } })
    expect(await idsOn('110202')).toEqual([110301, 110303, 110306])
    await calls.call('POST', `${path}/override`, { body: { testIds: ['110305', '110306'] } })
    expect(await idsOn('110202')).toEqual([110305, 110306])
    await calls.call('POST', `${path}/unassign`, { body: { testIds: ['110306'] } })
    expect(await idsOn('110202')).toEqual([110305])
  })

  test('stay as they are when one id is wrong', async () => {
    const body = { testIds: ['110301', '999'] }
    expect((await calls.call('POST', '/agents/110202/tests/assign', { body })).status).toBe(400)
    expect(await idsOn('110202')).toEqual([])
  })
})

describe('clusters', () => {
  const members = (body: { clusterMembers: readonly { memberId: string }[] }): readonly string[] =>
    body.clusterMembers.map(({ memberId }) => memberId)

  test('take agents in under member ids of their own', async () => {
    const { status, body } = await calls.call('POST', '/agents/110201/cluster/assign', {
      body: { agents: ['110202'] },
      query: 'expand=cluster-member',
    })
    expect(status).toBe(200)
    expect(violations('AgentDetails', body)).toEqual([])
    expect(body).toMatchObject({ agentId: '110201', agentName: 'acme-hq-1', agentType: 'enterprise-cluster' })
    expect(members(body)).toHaveLength(2)
    expect(members(body)).not.toContain('110202')
    expect((await calls.call('GET', '/agents/110202')).status).toBe(404)
  })

  test('refuse their own agent, a cloud agent, and a body without agents', async () => {
    for (const body of [{ agents: ['110201'] }, { agents: ['3'] }, {}])
      expect((await calls.call('POST', '/agents/110201/cluster/assign', { body })).status).toBe(400)
    const empty = await calls.call('POST', '/agents/110201/cluster/assign', { body: { agents: [] } })
    expect(empty.status).toBe(200)
  })

  test('free a member under a new agent id and stay', async () => {
    const { body } = await calls.call('POST', '/agents/110203/cluster/unassign', {
      body: { members: ['110211'] },
    })
    expect(violations('CloudEnterpriseAgents', body)).toEqual([])
    expect(body.agents.map(({ agentName }: ShownAgent) => agentName)).toEqual([
      'acme-dc-cluster',
      'acme-dc-1',
    ])
    expect(body.agents[1].agentId).not.toBe('110211')
  })

  test('that empty leave their id to the last one named', async () => {
    const { body } = await calls.call('POST', '/agents/110203/cluster/unassign', {
      body: { members: ['110211', '110212'] },
    })
    expect(
      body.agents.map(({ agentId, agentType }: ShownAgent) => [agentType, agentId === '110203']),
    ).toEqual([
      ['enterprise', false],
      ['enterprise', true],
    ])
  })
})

describe('catalogues of agents', () => {
  test.each([
    ['/monitors', 'Monitors'],
    ['/agents/proxies', 'AgentProxies'],
    ['/agents/notification-rules', 'ListNotificationRulesResponse'],
    ['/agents/notification-rules/110151', 'NotificationRuleDetail'],
    ['/agents/local-problems', 'LocalProblemAgentResults'],
  ])('%s is in the form of the document', async (path, schema) => {
    const { status, body } = await calls.call('GET', path)
    expect(status).toBe(200)
    expect(violations(schema, body)).toEqual([])
  })
})

test('an agent is given once to an account group that is named twice', async () => {
  const accountGroups = ['1102', '1101', '1102']
  const { status, body } = await calls.call('PUT', '/agents/110201', { body: { accountGroups } })
  expect([status, body.accountGroups.map(({ aid }: { aid: string }) => aid)]).toEqual([200, ['1101', '1102']])
})
