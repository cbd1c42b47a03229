import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls, viewer } from './emulator-calls.ts'
import { pagesOf } from './paged-calls.ts'
import { violations } from './schema-check.ts'

const path = '/endpoint/agents'
const laptop = '3fde6422-f119-40e1-ae32-000000001101'
const everything = 'expand=clients,vpnProfiles,networkInterfaceProfiles'

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const namesOf = async (query: string): Promise<readonly string[]> =>
  (await calls.call('GET', path, { query })).body.agents.map(({ name }: { name: string }) => name)

describe('GET /endpoint/agents', () => {
  test('lists the agents of the account group, in the form of the document, expanded on demand', async () => {
    const plain = await calls.call('GET', path)
    expect(violations('ListEndpointAgentsResponse', plain.body)).toEqual([])
    expect(plain.body.totalAgents).toBe(3)
    expect(plain.body.agents[0]).toMatchObject({
      aid: '1101',
      numberOfClients: 1,
      lastSeen: '2030-01-01T00:00:00Z',
    })
    expect(plain.body.agents[0]).not.toHaveProperty('clients')
    const { body } = await calls.call('GET', path, { query: everything })
    expect(violations('ListEndpointAgentsResponse', body)).toEqual([])
    expect(body.agents[0].clients[0].userProfile.userName).toBe('ada')
  })

  test('filters by name, spans account groups on demand, and pages', async () => {
    expect(await namesOf('agentName=otis-mac')).toEqual(['otis-mac'])
    expect(await namesOf('computerName=ACME-PC-003')).toEqual(['frontdesk'])
    expect(await namesOf('useAllPermittedAids=true')).toContain('austin-laptop')
    const first = await calls.call('GET', path, { query: 'max=2' })
    expect((await pagesOf(calls, first, 'agents')).map(({ length }) => length)).toEqual([2, 1])
  })
})

describe('an endpoint agent', () => {
  const one = `${path}/${laptop}`

  test('is read and gets another name and licence, nothing else', async () => {
    expect(violations('EndpointAgent', (await calls.call('GET', one, { query: everything })).body)).toEqual(
      [],
    )
    const changed = await calls.call('PATCH', one, {
      body: { name: 'renamed', licenseType: 'essentials', platform: 'windows' },
    })
    expect(changed).toMatchObject({ status: 200, body: { name: 'renamed', licenseType: 'essentials' } })
    expect((await calls.call('PATCH', one, { body: { platform: 'mac' } })).status).toBe(400)
    expect((await calls.call('PATCH', one, { body: { name: 'x' }, as: viewer })).status).toBe(403)
  })

  test('takes all that was read of it, with its name changed and in any order', async () => {
    const { body } = await calls.call('GET', one, { query: everything })
    calls.clock.advance(120)
    const sent = Object.fromEntries(Object.entries({ ...body, name: 'renamed' }).reverse())
    expect((await calls.call('PATCH', one, { body: sent })).body).toMatchObject({
      id: body.id,
      name: 'renamed',
    })
    expect((await calls.call('PATCH', one, { body: { ...sent, id: 'another' } })).status).toBe(400)
  })

  test('is switched off and on', async () => {
    expect((await calls.call('POST', `${one}/disable`)).body.status).toBe('disabled')
    expect((await calls.call('GET', one)).body).not.toHaveProperty('lastSeen')
    expect((await calls.call('POST', `${one}/enable`)).body).toMatchObject({ status: 'enabled' })
  })

  test('that is deleted shows itself on demand alone', async () => {
    expect((await calls.call('DELETE', one)).status).toBe(204)
    expect((await calls.call('GET', one)).status).toBe(404)
    expect((await calls.call('DELETE', one)).status).toBe(404)
    expect(await namesOf('')).not.toContain('ada-laptop')
    expect(await namesOf('includeDeleted=true')).toContain('ada-laptop')
    expect((await calls.call('GET', one, { query: 'includeDeleted=true' })).body.deleted).toBe(true)
  })

  test('of others is not found', async () => {
    for (const id of ['3fde6422-f119-40e1-ae32-000000002101', 'x'])
      expect((await calls.call('GET', `${path}/${id}`)).status).toBe(404)
  })
})
