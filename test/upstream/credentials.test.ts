import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls, origin } from './emulator-calls.ts'
import { violations } from './schema-check.ts'

const credential = { name: 'Shop', value: 'script-secret' }

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

describe('a credential', () => {
  test('is created, read, listed, changed and deleted, and never shows its value', async () => {
    const created = await calls.call('POST', '/credentials', { body: credential })
    expect(created.status).toBe(201)
    expect(violations('CredentialWithoutValue', created.body)).toEqual([])
    const path = `/credentials/${created.body.id}`
    expect(created.headers['location']).toBe(`${origin}/v7${path}`)
    const read = await calls.call('GET', path)
    expect(violations('Credential', read.body)).toEqual([])
    expect(read.body.value).toMatch(/^\S+$/)
    const changed = await calls.call('PUT', path, { body: { name: 'Shop 2' } })
    expect(changed.body).not.toHaveProperty('value')
    expect((await calls.call('GET', path)).body).toMatchObject({ name: 'Shop 2', value: read.body.value })
    await calls.call('PUT', path, { body: { value: 'other-secret' } })
    expect((await calls.call('GET', path)).body.value).not.toBe(read.body.value)
    const list = await calls.call('GET', '/credentials')
    expect(violations('Credentials', list.body)).toEqual([])
    expect(list.text).not.toMatch(/script-secret|other-secret/)
    expect((await calls.call('DELETE', path)).status).toBe(204)
    expect((await calls.call('GET', path)).status).toBe(404)
  })

  test('needs a name of its own and a value', async () => {
    expect((await calls.call('POST', '/credentials', { body: { name: 'Shop' } })).status).toBe(400)
    expect((await calls.call('POST', '/credentials', { body: { value: 'v' } })).status).toBe(400)
    expect((await calls.call('POST', '/credentials', { body: credential })).status).toBe(201)
    expect((await calls.call('POST', '/credentials', { body: credential })).status).toBe(400)
    expect((await calls.call('POST', '/credentials', { body: credential, aid: '1102' })).status).toBe(201)
  })

  test('is named by tests of its account group alone, and by none once it is deleted', async () => {
    const newCredential = async (aid: string): Promise<string> =>
      (await calls.call('POST', '/credentials', { body: credential, aid })).body.id
    const [own, foreign] = [await newCredential('1101'), await newCredential('1102')]
    const shop = { testName: 'Shop', interval: 300, url: 'https://shop.example', agents: [{ agentId: '4' }] }
    const create = (credentials: readonly string[]) =>
      calls.call('POST', '/tests/web-transactions', {
        body: { ...shop, transactionScript: 'x', credentials },
      })
    for (const stray of [foreign, '999']) {
      const refused = await create([own, stray])
      expect([refused.status, refused.text.includes(`There is no ${stray}`)]).toEqual([400, true])
    }
    const { status, body } = await create([own])
    expect([status, body.credentials]).toEqual([201, [own]])
    await calls.call('DELETE', `/credentials/${own}`)
    const path = `/tests/web-transactions/${body.testId}`
    expect((await calls.call('GET', path)).body.credentials).toEqual([])
  })
})
