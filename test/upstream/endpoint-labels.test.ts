import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls } from './emulator-calls.ts'
import { violations } from './schema-check.ts'

const label = { name: 'Macs', matchType: 'and', filters: [{ key: 'platform', mode: 'in', values: ['Mac'] }] }

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

describe('an endpoint label', () => {
  test('is created, read, changed in part and deleted; reads show its filters on demand', async () => {
    const created = await calls.call('POST', '/endpoint/labels', { body: label })
    expect(created).toMatchObject({ status: 201, body: label })
    expect(violations('LabelResponse', created.body)).toEqual([])
    const path = `/endpoint/labels/${created.body.id}`
    expect((await calls.call('GET', path)).body).not.toHaveProperty('filters')
    expect((await calls.call('GET', path, { query: 'expand=filters' })).body).toEqual(created.body)
    const changed = await calls.call('PATCH', path, { body: { name: 'Apples' } })
    expect(changed).toMatchObject({ status: 200, body: { name: 'Apples', matchType: 'and' } })
    expect((await calls.call('DELETE', path)).status).toBe(204)
    expect((await calls.call('GET', path)).status).toBe(404)
  })

  test('needs a name, filters and how they match', async () => {
    const { status, body } = await calls.call('POST', '/endpoint/labels', { body: { color: '#fff' } })
    expect(status).toBe(400)
    expect(body.errors.map(({ field }: { field: string }) => field)).toEqual(['name', 'matchType', 'filters'])
  })

  test('is listed page by page', async () => {
    for (const name of ['one', 'two', 'three'])
      await calls.call('POST', '/endpoint/labels', { body: { ...label, name } })
    const first = await calls.call('GET', '/endpoint/labels', { query: 'max=2' })
    expect(violations('Labels', first.body)).toEqual([])
    const query = new URL(first.body._links.next.href).search
    const second = await calls.call('GET', '/endpoint/labels', { query })
    const names = [...first.body.labels, ...second.body.labels].map(({ name }: { name: string }) => name)
    expect(names).toEqual(['one', 'two', 'three'])
    expect(second.body._links).not.toHaveProperty('next')
  })
})
