import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls, origin, viewer } from './emulator-calls.ts'
import { violations } from './schema-check.ts'

const path = '/network/path-vis/interface-groups'
const group = { groupName: 'Edge', ipAddresses: ['192.0.2.1', '2001:db8::1'] }

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const listed = async (aid?: string) => {
  const { status, body } = await calls.call('GET', path, aid === undefined ? {} : { aid })
  expect(status).toBe(200)
  expect(violations('InterfaceGroups', body)).toEqual([])
  return body.pathVisInterfaceGroups
}

describe('an interface group', () => {
  test('is created, listed, changed and deleted', async () => {
    const { status, headers, body } = await calls.call('POST', path, { body: group })
    expect(status).toBe(201)
    expect(violations('InterfaceGroup', body)).toEqual([])
    expect(body).toEqual({ ...group, aid: '1101', groupId: body.groupId, rdnsRegexes: [] })
    expect(body.groupId).toMatch(/^2814749767\d{5}$/)
    expect(headers['location']).toBe(`${origin}/v7${path}/${body.groupId}`)
    expect(await listed()).toEqual([body])
    const change = { groupName: 'Core' }
    const changed = await calls.call('PUT', `${path}/${body.groupId}`, { body: change })
    expect(changed).toMatchObject({ status: 200, body: { ...body, ...change } })
    expect(await listed()).toEqual([changed.body])
    expect((await calls.call('DELETE', `${path}/${body.groupId}`)).status).toBe(204)
    expect(await listed()).toEqual([])
  })

  test('needs a body and nothing in it: the document requires no key', async () => {
    expect((await calls.call('POST', path)).status).toBe(400)
    expect(await listed()).toEqual([])
    const { status, body } = await calls.call('POST', path, { body: {} })
    expect([status, violations('InterfaceGroup', body)]).toEqual([201, []])
    expect(body).toEqual({ aid: '1101', groupId: body.groupId, ipAddresses: [], rdnsRegexes: [] })
    expect(await listed()).toEqual([body])
  })

  test('keeps what only the server sets', async () => {
    const body = { ...group, groupId: '7', aid: '2101', rdnsRegexes: ['.*'] }
    const created = await calls.call('POST', path, { body })
    expect(created.body).toMatchObject({ aid: '1101', rdnsRegexes: [] })
    expect(created.body.groupId).not.toBe('7')
  })

  test('has each address once', async () => {
    const body = { groupName: 'Twice', ipAddresses: ['192.0.2.1', '192.0.2.1'] }
    expect((await calls.call('POST', path, { body })).body.ipAddresses).toEqual(['192.0.2.1'])
  })

  test.each([
    ['a name that is no text', { ...group, groupName: 5 }, 'groupName'],
    ['an empty name', { ...group, groupName: '' }, 'groupName'],
    ['addresses that are no list', { ...group, ipAddresses: '192.0.2.1' }, 'ipAddresses'],
    ['an address that is none', { ...group, ipAddresses: ['192.0.2.1', '192.0.2.256'] }, 'ipAddresses[1]'],
    ['a network', { ...group, ipAddresses: ['192.0.2.0/24'] }, 'ipAddresses[0]'],
  ])('is refused with %s, and nothing changes', async (_, body, field) => {
    const created = await calls.call('POST', path, { body: group })
    const before = await listed()
    for (const refused of [
      await calls.call('POST', path, { body }),
      await calls.call('PUT', `${path}/${created.body.groupId}`, { body }),
    ]) {
      expect(refused.status).toBe(400)
      expect(refused.body.title).toContain(`Error in field ${field} :`)
    }
    expect(await listed()).toEqual(before)
  })

  test('is its account group’s own, and only those who may edit it change it', async () => {
    const { groupId } = (await calls.call('POST', path, { body: group })).body
    expect(await listed('1102')).toEqual([])
    const before = await listed()
    const address = `${path}/${groupId}`
    const change = { body: { groupName: 'Mine' } }
    for (const options of [{ aid: '1102' }, { as: 'us2.2001' }]) {
      expect((await calls.call('PUT', address, { ...options, ...change })).status).toBe(404)
      expect((await calls.call('DELETE', address, options)).status).toBe(404)
    }
    expect((await calls.call('GET', path, { as: viewer })).body.pathVisInterfaceGroups).toEqual(before)
    expect((await calls.call('POST', path, { as: viewer, body: group })).status).toBe(403)
    expect((await calls.call('PUT', address, { as: viewer, ...change })).status).toBe(403)
    expect((await calls.call('DELETE', address, { as: viewer })).status).toBe(403)
    expect(await listed()).toEqual(before)
  })

  test('that there is not is not found', async () => {
    expect((await calls.call('PUT', `${path}/1`, { body: group })).status).toBe(404)
    expect((await calls.call('DELETE', `${path}/1`)).status).toBe(404)
  })
})
