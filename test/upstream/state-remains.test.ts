/** What the state keeps of objects that are gone: read from the store, as no answer of v7 shows it. */
import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls } from './emulator-calls.ts'

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

async function kept(collection: string) {
  const records = await calls.store.list('v7:us1', { limit: 100_000 })
  return records
    .map(({ value }) => JSON.parse(value))
    .filter((entry: { collection: string }) => entry.collection === collection)
}
const post = async (path: string, body: object) => (await calls.call('POST', path, { body })).body
const remove = async (path: string) => expect((await calls.call('DELETE', path)).status).toBe(204)

describe('a dashboard snapshot that has expired', () => {
  const create = async (change: object = {}) => {
    const widgets = [{ type: 'Number', numberCards: [{ metric: 'NET_LOSS' }] }]
    const { dashboardId } = await post('/dashboards', { title: 'Web', widgets })
    return (await post('/dashboard-snapshots', { dashboardId, ...change })).snapshotId
  }
  const logged = async (): Promise<readonly { event: string; resources: object[] }[]> =>
    (await calls.call('GET', '/audit-user-events', { query: 'window=1h' })).body.auditEvents

  test('leaves nothing behind when the next one is created, which nobody did', async () => {
    const expirationDate = new Date(calls.clock.now() + 60_000).toISOString()
    await create({ expirationDate })
    calls.clock.advance(60)
    const id = await create()
    expect((await kept('dashboard-snapshots')).map((one) => one.id)).toEqual([id])
    expect((await kept('dashboard-snapshot-widgets')).map(({ fields }) => fields.snapshotId)).toEqual([id])
    const [newest] = await logged()
    expect(newest?.event).toBe('Dashboard snapshot created.')
    expect(newest?.resources).toHaveLength(1)
  })

  test('is another thing than one that somebody deletes, which is logged', async () => {
    const id = await create()
    await remove(`/dashboard-snapshots/${id}`)
    expect((await logged())[0]).toMatchObject({ event: 'Dashboard snapshot deleted.' })
    expect(await kept('dashboard-snapshots')).toEqual([])
    expect(await kept('dashboard-snapshot-widgets')).toEqual([])
  })
})

describe('a template that is deployed again and again', () => {
  test('keeps what is left of what it made, and no more', async () => {
    const tag = (value: string) => ({ key: 'site', value, objectType: 'test', accessType: 'all' })
    const { id } = await post('/templates', { name: 'Office', tags: { a: tag('a') } })
    const deploy = async () => (await post(`/templates/${id}/deploy`, {})).tags
    const replace = (keys: readonly string[]) =>
      calls.call('PUT', `/templates/${id}`, {
        body: { name: 'Office', tags: Object.fromEntries(keys.map((key) => [key, tag(key)])) },
      })
    const { a } = await deploy()
    await replace(['b'])
    const { b } = await deploy()
    await replace(['c'])
    await remove(`/tags/${a.id}`)
    const { c } = await deploy()
    const [{ fields }, ...others] = await kept('template-deployments')
    expect([Object.keys(fields.assets), fields.made]).toEqual([['tags.b', 'tags.c'], { tags: [b.id, c.id] }])
    expect(others).toEqual([])
  })
})

describe('a template that is deleted', () => {
  const site = { key: 'site', value: 'Austin', objectType: 'test', accessType: 'all' }
  const shared = { name: 'Office', tags: { site }, deploymentStrategy: { site: 'ignore' } }
  const deployed = async () => {
    const { id } = await post('/templates', shared)
    const { tags } = await post(`/templates/${id}/deploy`, {})
    return { template: `/templates/${id}`, tagId: tags.site.id }
  }

  test('leaves what it made to other templates, and of its deployments nothing else', async () => {
    const first = await deployed()
    await remove(first.template)
    const [left, ...others] = await kept('template-deployments')
    expect([left.fields, others]).toEqual([{ made: { tags: [first.tagId] } }, []])
    expect((await deployed()).tagId).toBe(first.tagId)
  })

  test('leaves nothing when what it made is gone, then or later', async () => {
    const first = await deployed()
    await remove(first.template)
    const second = await deployed()
    await remove(`/tags/${second.tagId}`)
    await remove(second.template)
    expect(await kept('template-deployments')).toEqual([])
  })

  test('leaves the deployments of others alone', async () => {
    const first = await deployed()
    const second = await deployed()
    await remove(first.template)
    expect((await kept('template-deployments')).map(({ fields }) => fields.name)).toEqual([
      undefined,
      'Office',
    ])
    expect((await calls.call('GET', second.template)).status).toBe(200)
  })
})

describe('a test that is changed again and again', () => {
  const agents = [{ agentId: '3' }]
  const body = { url: 'https://a.example', interval: 60, agents }

  test('keeps the versions that its history can tell of, and none of them once it is deleted', async () => {
    const before = await kept('test-versions')
    const { testId } = await post('/tests/http-server', { testName: '1', ...body })
    const path = `/tests/http-server/${testId}`
    for (let number = 2; number <= 503; number += 1)
      await calls.call('PUT', path, { body: { ...body, testName: `${number}` } })
    const { body: history } = await calls.call('GET', `/tests/${testId}/history`, { query: 'limit=500' })
    const ids = history.testVersionHistory.map(({ versionId }: { versionId: string }) => versionId)
    expect(ids).toEqual(Array.from({ length: 500 }, (_, index) => `${503 - index}`))
    const nameOf = async (version: number) =>
      (await calls.call('GET', path, { query: `versionId=${version}` })).body.testName
    expect([await nameOf(4), await nameOf(503)]).toEqual(['4', '503'])
    expect((await kept('test-versions')).length - before.length).toBeLessThanOrEqual(501)
    await remove(path)
    expect(await kept('test-versions')).toEqual(before)
  })
})
