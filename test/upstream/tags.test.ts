import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls, origin, viewer } from './emulator-calls.ts'
import { violations } from './schema-check.ts'

const branch = { key: 'branch', value: 'austin', objectType: 'test', color: '#00aa00' }
const nobody = '00000000-0000-4000-8000-000000000000'

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const post = (path: string, body?: unknown) => calls.call('POST', path, { body })
const newTag = async (change: object = {}): Promise<string> => {
  const created = await post('/tags', { ...branch, ...change })
  expect(created.status).toBe(201)
  return created.body.id
}
const assignmentsOf = async (id: string) =>
  (await calls.call('GET', `/tags/${id}`, { query: 'expand=assignments' })).body.assignments
const test301 = { id: '110301', type: 'test' }
const test302 = { id: '110302', type: 'test' }

describe('a tag', () => {
  test('is created, read, listed, changed and deleted', async () => {
    const created = await post('/tags', branch)
    expect(created.status).toBe(201)
    expect(violations('Tag', created.body)).toEqual([])
    expect(created.body).toMatchObject({
      ...branch,
      aid: 1101,
      accessType: 'all',
      type: 'static',
      builtIn: false,
      legacyId: expect.any(Number),
    })
    const path = `/tags/${created.body.id}`
    expect(created.body._links.self.href).toBe(`${origin}/v7${path}`)
    const list = await calls.call('GET', '/tags')
    expect(violations('Tags', list.body)).toEqual([])
    expect(list.body.tags.at(-1)).toEqual(created.body)
    const changed = await calls.call('PUT', path, { body: { value: 'dallas' } })
    expect(changed).toMatchObject({ status: 200, body: { key: 'branch', value: 'dallas' } })
    expect(changed.body.modifiedDate).toBeDefined()
    expect((await calls.call('DELETE', path)).status).toBe(204)
    expect((await calls.call('GET', path)).status).toBe(404)
  })

  test('is the only one of its key, value and object type in the account group', async () => {
    const id = await newTag()
    expect((await post('/tags', branch)).status).toBe(409)
    const other = await newTag({ value: 'dallas' })
    expect((await calls.call('PUT', `/tags/${other}`, { body: { value: 'austin' } })).status).toBe(409)
    expect((await calls.call('PUT', `/tags/${id}`, { body: { value: 'austin' } })).status).toBe(200)
    await newTag({ objectType: 'v-agent' })
    expect((await calls.call('POST', '/tags', { body: branch, aid: '1102' })).status).toBe(201)
  })

  test('of a partner is shown to no user, and changed by none', async () => {
    const id = await newTag()
    await post(`/tags/${id}/assign`, { assignments: [test301] })
    const records = await calls.store.list('v7:us1', { limit: 100_000 })
    const { key, value } = records.find((record) => record.key.endsWith(`:tags:${id}`)) ?? {
      key: '',
      value: '',
    }
    const entry = JSON.parse(value)
    const changed = JSON.stringify({ ...entry, fields: { ...entry.fields, accessType: 'partner' } })
    await calls.store.commit([
      {
        kind: 'put',
        key,
        value: changed,
        expiresAt: Number.MAX_SAFE_INTEGER,
        expected: 'any',
        indexes: ['v7:us1'],
      },
    ])
    calls = await openCalls(calls)
    for (const [path, query] of [
      ['/tags', 'expand=assignments'],
      ['/tests/http-server/110301', 'expand=tag'],
    ] as const)
      expect((await calls.call('GET', path, { query })).text).not.toContain(id)
    expect((await calls.call('GET', `/tags/${id}`)).status).toBe(404)
    expect((await calls.call('PUT', `/tags/${id}`, { body: { value: 'mine' } })).status).toBe(404)
    expect((await calls.call('DELETE', `/tags/${id}`)).status).toBe(404)
    expect((await post(`/tags/${id}/assign`, { assignments: [test302] })).status).toBe(404)
    const many = await post('/tags/assign', { tags: [{ tagId: id, assignments: [test302] }] })
    expect(many.body.tags).toEqual([])
  })

  test.each([
    ['no key', { key: '' }, 'key'],
    ['no value', { value: undefined }, 'value'],
    ['the access type of ThousandEyes', { accessType: 'system' }, 'accessType'],
    ['the access type of a partner', { accessType: 'partner' }, 'accessType'],
    ['filters on tests', { type: 'dynamic' }, 'type'],
    ['an unknown object type', { objectType: 'toaster' }, 'objectType'],
    [
      'a filter that there is not',
      { objectType: 'endpoint-agent', filters: [{ key: 'ssid' }, { key: 'constructor', values: ['x'] }] },
      'filters[1].key',
    ],
  ])('is refused with %s', async (_, change, field) => {
    const { status, body } = await post('/tags', { ...branch, ...change })
    expect([status, body.errors[0].field]).toEqual([400, field])
  })

  test('is static with an empty list of filters, as a client sends it that was generated', async () => {
    const { status, body } = await post('/tags', { ...branch, assignments: [], filters: [] })
    expect([status, body.type]).toEqual([201, 'static'])
    const changed = await calls.call('PUT', `/tags/${body.id}`, { body: { ...branch, filters: [] } })
    expect([changed.status, changed.body.type]).toEqual([200, 'static'])
  })

  test('has filters by keys of the user where they say so', async () => {
    const filters = [{ key: 'colour', values: ['red'], mode: 'in', scope: 'custom' }]
    const { status, body } = await post('/tags', { ...branch, objectType: 'endpoint-agent', filters })
    expect([status, body.filters]).toEqual([201, filters])
  })

  test('is not made by a Regular User', async () => {
    expect((await calls.call('POST', '/tags', { body: branch, as: viewer })).status).toBe(403)
  })
})

describe('assignments of a tag', () => {
  test('are shown on demand alone, on the tag and on the test', async () => {
    const id = await newTag()
    const assigned = await post(`/tags/${id}/assign`, { assignments: [test301] })
    expect(assigned).toMatchObject({ status: 207, body: { tagId: id, assignments: [test301] } })
    expect(violations('BulkTagAssignment', assigned.body)).toEqual([])
    expect((await calls.call('GET', `/tags/${id}`)).body).not.toHaveProperty('assignments')
    expect(await assignmentsOf(id)).toEqual([test301])
    const { body } = await calls.call('GET', '/tests/http-server/110301', { query: 'expand=tag' })
    expect(body.tags).toEqual([{ id, key: 'branch', value: 'austin' }])
  })

  test('pile up, and end one by one', async () => {
    const id = await newTag()
    for (const object of [test301, test302, test301])
      await post(`/tags/${id}/assign`, { assignments: [object] })
    expect(await assignmentsOf(id)).toEqual([test301, test302])
    const { status, text } = await post(`/tags/${id}/unassign`, { assignments: [test301] })
    expect([status, text]).toEqual([204, ''])
    expect(await assignmentsOf(id)).toEqual([test302])
  })

  test('follow what tests are given, and end with the test and with the tag', async () => {
    const id = await newTag()
    const { body: portal } = await calls.call('GET', '/tests/http-server/110301')
    const given = { url: portal.url, interval: portal.interval, agents: [{ agentId: '4' }], tags: [id] }
    expect((await calls.call('PUT', '/tests/http-server/110301', { body: given })).status).toBe(200)
    await post(`/tags/${id}/assign`, { assignments: [test302] })
    expect(await assignmentsOf(id)).toEqual([test301, test302])
    await calls.call('DELETE', '/tests/http-server/110301')
    expect(await assignmentsOf(id)).toEqual([test302])
    await calls.call('DELETE', `/tags/${id}`)
    const { body } = await calls.call('GET', '/tests/page-load/110302', { query: 'expand=tag' })
    expect(body.tags).toEqual([])
  })

  test('end with what the tag was for when it becomes one for other objects', async () => {
    const id = await newTag()
    await post(`/tags/${id}/assign`, { assignments: [test301] })
    await calls.call('PUT', `/tags/${id}`, { body: { value: 'dallas' } })
    expect(await assignmentsOf(id)).toEqual([test301])
    await calls.call('PUT', `/tags/${id}`, { body: { objectType: 'v-agent' } })
    expect(await assignmentsOf(id)).toEqual([])
    const { body } = await calls.call('GET', '/tests/http-server/110301', { query: 'expand=tag' })
    expect(body.tags).toEqual([])
    await post(`/tags/${id}/assign`, { assignments: [{ id: '110201', type: 'v-agent' }] })
    await calls.call('PUT', `/tags/${id}`, { body: { objectType: 'test' } })
    expect((await calls.call('GET', '/agents/110201')).body.tags).toEqual([])
  })

  test('are refused to tests that are given a tag for other objects', async () => {
    const id = await newTag({ objectType: 'v-agent' })
    const any = await newTag({ objectType: undefined })
    const body = { testName: 'T', url: 'https://a.example', interval: 60, agents: [{ agentId: '4' }] }
    for (const path of ['/tests/http-server', '/tests/http-server/instant'])
      expect(await calls.call('POST', path, { body: { ...body, tags: [id] } })).toMatchObject({
        status: 400,
        body: { title: expect.stringContaining(`The tag ${id} is not for tests.`) },
      })
    const given = await calls.call('PUT', '/tests/http-server/110301', { body: { ...body, tags: [any] } })
    expect(given.status).toBe(200)
    const refused = await calls.call('PUT', '/tests/http-server/110301', { body: { ...body, tags: [id] } })
    expect(refused.status).toBe(400)
    expect(await assignmentsOf(any)).toEqual([test301])
    expect(await assignmentsOf(id)).toEqual([])
  })

  test('reach agents, which are found by them', async () => {
    const id = await newTag({ objectType: 'v-agent' })
    const agent = { id: '110201', type: 'v-agent' }
    await post(`/tags/${id}/assign`, { assignments: [agent, test301] })
    expect(await assignmentsOf(id)).toEqual([agent])
    const { body } = await calls.call('GET', '/agents', { query: 'tagKeys=branch' })
    expect(body.agents.map(({ agentId }: { agentId: string }) => agentId)).toEqual(['110201'])
    const { body: shown } = await calls.call('GET', '/agents/110201')
    expect(shown.tags).toEqual([{ id, key: 'branch', value: 'austin' }])
  })

  test('leave out objects of other account groups, and are refused for dynamic and unknown tags', async () => {
    const id = await newTag()
    const foreign = [
      { id: '110601', type: 'test' },
      { id: '999', type: 'test' },
    ]
    expect((await post(`/tags/${id}/assign`, { assignments: foreign })).body.assignments).toEqual([])
    const dynamic = await newTag({
      objectType: 'endpoint-agent',
      filters: [{ key: 'platform', values: ['Mac'] }],
    })
    expect((await post(`/tags/${dynamic}/assign`, { assignments: [test301] })).status).toBe(400)
    expect((await post(`/tags/${nobody}/assign`, { assignments: [test301] })).status).toBe(404)
    expect((await post(`/tags/${nobody}/unassign`, { assignments: [test301] })).status).toBe(404)
  })
})

describe('many tags at once', () => {
  test('207 creates what is possible and names what is not', async () => {
    const { status, body } = await post('/tags/bulk', {
      tags: [branch, branch, { key: 'branch', value: 'dallas' }, { value: 'nameless' }],
    })
    expect(status).toBe(207)
    expect(violations('BulkTagResponse', body)).toEqual([])
    expect(body.tags.map(({ value }: { value: string }) => value)).toEqual(['austin', 'dallas'])
    expect(body.errors).toEqual([
      { tag: { branch }, responseCode: 409, message: expect.stringContaining('exists already') },
      {
        tag: { '': { value: 'nameless' } },
        responseCode: 400,
        message: expect.stringContaining('Key is empty'),
      },
    ])
  })

  test('207 assigns and unassigns several tags, unknown ones left out', async () => {
    const [one, two] = [await newTag(), await newTag({ value: 'dallas' })]
    const wanted = {
      tags: [
        { tagId: one, assignments: [test301, test302] },
        { tagId: nobody, assignments: [test301] },
        { tagId: two, assignments: [test302] },
      ],
    }
    const assigned = await post('/tags/assign', wanted)
    expect(assigned.status).toBe(207)
    expect(violations('BulkTagAssignments', assigned.body)).toEqual([])
    expect(assigned.body.tags.map(({ tagId }: { tagId: string }) => tagId)).toEqual([one, two])
    const gone = await post('/tags/unassign', { tags: [{ tagId: one, assignments: [test301] }] })
    expect(gone).toMatchObject({ status: 207, body: { tags: [{ tagId: one, assignments: [test301] }] } })
    expect([await assignmentsOf(one), await assignmentsOf(two)]).toEqual([[test302], [test302]])
  })
})
