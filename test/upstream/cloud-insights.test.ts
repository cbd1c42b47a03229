import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls, origin, viewer } from './emulator-calls.ts'
import { violations } from './schema-check.ts'

const root = '/cloud-insights/integration'
const awsInventory = { name: 'Production', roleArn: 'arn:aws:iam::123456789012:role/inventory' }
const awsFlowLogs = { ...awsInventory, snsTopicsArns: ['arn:aws:sns:us-east-1:123456789012:flow-logs'] }
const azureInventory = {
  name: 'Subscriptions',
  appId: '2f9b2a1c-6d87-4c92-9d51-000000000001',
  password: 'azure-secret',
  azureTenantId: 'e3a72c9b-42b1-4e0b-9b9f-000000000001',
}
const azureFlowLogs = { ...azureInventory, serviceBusQueueUrl: 'https://acme.servicebus.example/flow-logs' }

const creations = [
  ['aws', 'inventory', awsInventory, 'inventory-monitoring', 'AwsMonitoringIntegration'],
  ['aws', 'flow-logs', awsFlowLogs, 'flow-logs-monitoring', 'AwsMonitoringIntegration'],
  ['azure', 'inventory', azureInventory, 'azure-inventory-monitoring', 'AzureMonitoringIntegration'],
  ['azure', 'flow-logs', azureFlowLogs, 'azure-flow-logs-monitoring', 'AzureMonitoringIntegration'],
] as const

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const listed = async (cloud: string, aid = '1101') =>
  (await calls.call('GET', `${root}/${cloud}`, { aid })).body.integrations

describe.each(creations)('%s %s', (cloud, segment, body, monitoringType, schema) => {
  const create = () => calls.call('POST', `${root}/${cloud}/${segment}`, { body })

  test('is created, read and listed at the common path, and deleted', async () => {
    const created = await create()
    expect(created.status).toBe(201)
    expect(created.headers['location']).toBeUndefined()
    expect(violations(schema, created.body)).toEqual([])
    expect(created.body).toMatchObject({ name: body.name, monitoringType })
    const path = `${root}/${cloud}/${created.body.id}`
    expect(created.body._links.self.href).toBe(`${origin}/v7${path}`)
    expect((await calls.call('GET', path)).body).toEqual(created.body)
    const list = await calls.call('GET', `${root}/${cloud}`)
    expect(violations(`${schema}s`, list.body)).toEqual([])
    expect(list.body.integrations).toEqual([created.body])
    expect((await calls.call('DELETE', path)).status).toBe(204)
    expect((await calls.call('GET', path)).status).toBe(404)
    expect((await calls.call('DELETE', path)).status).toBe(404)
    expect(await listed(cloud)).toEqual([])
  })

  test('is its account group’s alone', async () => {
    const { id } = (await create()).body
    const path = `${root}/${cloud}/${id}`
    for (const method of ['GET', 'DELETE'])
      expect((await calls.call(method, path, { aid: '1102' })).status).toBe(404)
    expect(await listed(cloud, '1102')).toEqual([])
    expect(await listed(cloud)).toHaveLength(1)
  })

  test('is seen and not created by a Regular User', async () => {
    const { id } = (await create()).body
    const refusals = [
      await calls.call('POST', `${root}/${cloud}/${segment}`, { as: viewer, body }),
      await calls.call('DELETE', `${root}/${cloud}/${id}`, { as: viewer }),
    ]
    expect(refusals.map(({ status }) => status)).toEqual([403, 403])
    expect((await calls.call('GET', `${root}/${cloud}/${id}`, { as: viewer })).status).toBe(200)
  })

  test.each(Object.keys(body))('is refused without %s and with one of another type', async (key) => {
    const { [key]: _, ...rest } = body as Record<string, unknown>
    for (const wrong of [rest, { ...rest, [key]: 7 }]) {
      const answer = await calls.call('POST', `${root}/${cloud}/${segment}`, { body: wrong })
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ field: key }] } })
    }
    expect(await listed(cloud)).toEqual([])
  })
})

describe('integrations with AWS', () => {
  test('have one external id in an account group, another one in the next', async () => {
    const one = await calls.call('POST', `${root}/aws/inventory`, { body: awsInventory })
    const two = await calls.call('POST', `${root}/aws/flow-logs`, { body: awsFlowLogs })
    const other = await calls.call('POST', `${root}/aws/inventory`, { body: awsInventory, aid: '1102' })
    expect(one.body.externalId).toMatch(/^[\da-f]{40}$/)
    expect(two.body.externalId).toBe(one.body.externalId)
    expect(other.body.externalId).not.toBe(one.body.externalId)
  })

  test('keep the topics of flow logs, and none of an inventory', async () => {
    const one = await calls.call('POST', `${root}/aws/flow-logs`, { body: awsFlowLogs })
    const two = await calls.call('POST', `${root}/aws/inventory`, { body: awsFlowLogs })
    expect(one.body.snsTopicsArns).toEqual(awsFlowLogs.snsTopicsArns)
    expect(two.body).not.toHaveProperty('snsTopicsArns')
  })

  test.each([
    ['inventory', ['trustedPolicy', 'permissionsPolicy']],
    ['flow-logs', ['trustedPolicy', 'permissionsPolicy', 'snsTopicAccessPolicy']],
  ])('show the policies of %s as a JSON string, with the external id', async (segment, names) => {
    const { externalId } = (await calls.call('POST', `${root}/aws/inventory`, { body: awsInventory })).body
    const answer = await calls.call('GET', `${root}/aws/${segment}/policies`)
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json;charset=UTF-8'])
    expect(violations('AwsMonitoringPoliciesJsonString', answer.body)).toEqual([])
    const { policies } = JSON.parse(answer.body)
    expect(Object.keys(policies)).toEqual(names)
    expect(policies.trustedPolicy.Statement[0].Condition.StringEquals).toEqual({
      'sts:ExternalId': externalId,
    })
  })

  test('ask in their policies for what the settings enable', async () => {
    const path = `${root}/aws/policy/settings`
    const actions = async () => {
      const { body } = await calls.call('GET', `${root}/aws/inventory/policies`)
      return JSON.parse(body).policies.permissionsPolicy.Statement[0].Action as readonly string[]
    }
    expect(await actions()).toContain('cloudfront:List*')
    expect(await actions()).not.toContain('cloudtrail:LookupEvents')
    const settings = { enabledResourceGroupTypes: [], enabledRegions: ['us-east-1'], enabledCloudtrail: true }
    await calls.call('PUT', path, { body: settings })
    expect(await actions()).not.toContain('cloudfront:List*')
    expect(await actions()).toEqual(expect.arrayContaining(['ec2:Describe*', 'cloudtrail:LookupEvents']))
  })
})

describe('integrations with Azure', () => {
  const create = async (segment: string, body: object): Promise<string> =>
    (await calls.call('POST', `${root}/azure/${segment}`, { body })).body.id

  test('never show their password, which a client may send back masked', async () => {
    const id = await create('inventory', azureInventory)
    const read = await calls.call('GET', `${root}/azure/${id}`)
    expect(read.body.password).toBe('********')
    const path = `${root}/azure/inventory/${id}`
    const changed = await calls.call('PUT', path, { body: { ...azureInventory, ...read.body, name: 'New' } })
    expect(changed).toMatchObject({ status: 200, body: { name: 'New', password: '********' } })
    for (const { text } of [read, changed, await calls.call('GET', `${root}/azure`)])
      expect(text).not.toContain('azure-secret')
  })

  test('are changed below the path of what they monitor only', async () => {
    const inventory = await create('inventory', azureInventory)
    const flowLogs = await create('flow-logs', azureFlowLogs)
    const put = (segment: string, id: string, aid = '1101') =>
      calls.call('PUT', `${root}/azure/${segment}/${id}`, { body: { ...azureFlowLogs, name: 'New' }, aid })
    expect((await put('flow-logs', inventory)).status).toBe(404)
    expect((await put('inventory', flowLogs)).status).toBe(404)
    expect((await put('inventory', inventory, '1102')).status).toBe(404)
    expect((await put('inventory', 'nope')).status).toBe(404)
    const changed = await put('flow-logs', flowLogs)
    expect(violations('AzureMonitoringIntegration', changed.body)).toEqual([])
    expect(changed.body).toMatchObject({ id: flowLogs, name: 'New' })
    expect(changed.body._links.self.href).toBe(`${origin}/v7${root}/azure/${flowLogs}?aid=1101`)
    expect((await listed('azure')).map(({ name }: { name: string }) => name)).toEqual([
      'Subscriptions',
      'New',
    ])
  })

  test('are not changed by half, nor by a Regular User', async () => {
    const id = await create('inventory', azureInventory)
    const put = (body: object, as?: string) =>
      calls.call('PUT', `${root}/azure/inventory/${id}`, { body, ...(as && { as }) })
    expect((await put({ name: 'New' })).status).toBe(400)
    expect((await put({ ...azureInventory, name: 'New' }, viewer)).status).toBe(403)
    expect((await calls.call('GET', `${root}/azure/${id}`)).body.name).toBe('Subscriptions')
  })
})

const settings = {
  aws: { enabledResourceGroupTypes: ['s3-bucket'], enabledRegions: ['eu-west-1'], enabledCloudtrail: true },
  azure: {
    enabledResourceGroupTypes: ['afd'],
    subscriptionsPolicy: {
      rules: [{ field: 'subscription-name', pattern: '^prod-.*$', action: 'include' }],
      defaultAction: 'exclude',
    },
  },
} as const

describe.each([
  ['aws', 'AwsIntegrationPolicySetting', 'ec2'],
  ['azure', 'AzureIntegrationPolicySetting', 'networking'],
] as const)('policy settings of %s', (cloud, schema, mandatory) => {
  const path = `${root}/${cloud}/policy/settings`
  const given = settings[cloud]

  test('are there from the start and replaced as a whole, with what is mandatory', async () => {
    const before = await calls.call('GET', path)
    expect(violations(schema, before.body)).toEqual([])
    const changed = await calls.call('PUT', path, { body: given })
    expect(changed.status).toBe(200)
    expect(violations(schema, changed.body)).toEqual([])
    const groups = [...given.enabledResourceGroupTypes, mandatory]
    expect(changed.body).toMatchObject({ ...given, enabledResourceGroupTypes: groups })
    expect((await calls.call('GET', path)).body).toEqual(changed.body)
    expect(changed.body._links.self.href).toBe(`${origin}/v7${path}`)
  })

  test('are their account group’s own, and not a Regular User’s to change', async () => {
    const before = (await calls.call('GET', path, { aid: '1102' })).body
    await calls.call('PUT', path, { body: given })
    expect((await calls.call('GET', path, { aid: '1102' })).body).toEqual(before)
    expect((await calls.call('PUT', path, { as: viewer, body: given })).status).toBe(403)
  })

  test.each([
    [{}],
    [{ ...given, enabledResourceGroupTypes: ['nope'] }],
    [{ ...given, enabledResourceGroupTypes: 'ec2' }],
    [{ ...given, enabledRegions: ['nowhere'], subscriptionsPolicy: { rules: [], defaultAction: 'maybe' } }],
    [{ ...given, enabledCloudtrail: 'yes', subscriptionsPolicy: { rules: [{}], defaultAction: 'include' } }],
    [
      {
        ...given,
        enabledCloudtrail: 1,
        subscriptionsPolicy: { rules: Array(11).fill({}), defaultAction: 'include' },
      },
    ],
  ])('are refused and kept: %j', async (body) => {
    const before = (await calls.call('GET', path)).body
    expect((await calls.call('PUT', path, { body })).status).toBe(400)
    expect((await calls.call('GET', path)).body).toEqual(before)
  })
})
