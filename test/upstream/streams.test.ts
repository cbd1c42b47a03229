import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls, origin } from './emulator-calls.ts'
import { violations } from './schema-check.ts'

const stream = {
  type: 'opentelemetry',
  signal: 'metric',
  endpointType: 'grpc',
  streamEndpointUrl: 'https://collector.example',
  customHeaders: { Authorization: 'Bearer collector-token' },
  testMatch: [{ id: '110301', domain: 'cea' }],
}
const splunk = {
  type: 'splunk-hec',
  endpointType: 'http',
  streamEndpointUrl: 'https://splunk.example:8088/services/collector/event',
  exporterConfig: { splunkHec: { token: 'hec-token', index: 'thousandeyes' } },
}

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const create = (body: object, path = '/streams') => calls.call('POST', path, { body })

describe('a stream', () => {
  test('is created, read, listed in a bare array, changed and deleted', async () => {
    const created = await create(stream)
    expect(created.status).toBe(201)
    expect(violations('CreateStreamResponse', created.body)).toEqual([])
    expect(created.body).toMatchObject({
      dataModelVersion: 'v2',
      enabled: true,
      streamStatus: { status: 'pending' },
      auditOperation: { createdBy: 1001 },
    })
    const path = `/streams/${created.body.id}`
    expect(created.body._links.self.href).toBe(`${origin}/v7${path}`)
    const list = await calls.call('GET', '/streams')
    expect(violations('StreamCollection', list.body)).toEqual([])
    expect(list.body).toMatchObject([{ id: created.body.id }])
    const changed = await calls.call('PUT', path, { body: { enabled: false, type: 'splunk-hec' } })
    expect(changed).toMatchObject({ status: 200, body: { enabled: false, type: 'opentelemetry' } })
    expect(violations('GetStreamResponse', changed.body)).toEqual([])
    expect(changed.body.auditOperation.updatedBy).toBe(1001)
    expect((await calls.call('DELETE', path)).status).toBe(204)
    expect((await calls.call('GET', path)).status).toBe(404)
  })

  test('is found by its type, and stays in its account group', async () => {
    const { body } = await create(splunk)
    await create(stream)
    const { body: found } = await calls.call('GET', '/streams', { query: 'type=splunk-hec' })
    expect(found.map(({ id }: { id: string }) => id)).toEqual([body.id])
    const path = `/streams/${body.id}`
    expect((await calls.call('GET', path, { query: 'type=opentelemetry' })).status).toBe(404)
    expect((await calls.call('GET', path, { aid: '1102' })).status).toBe(404)
    expect((await calls.call('GET', '/streams', { aid: '1102' })).body).toEqual([])
  })

  test('goes to Splunk over HTTP where no transport is named, and not over one that is named', async () => {
    const { endpointType: _, ...unnamed } = splunk
    const created = await create(unnamed)
    expect([created.status, created.body.endpointType], created.text).toEqual([201, 'http'])
    const refused = await create({ ...unnamed, endpointType: 'grpc' })
    expect([refused.status, refused.text.includes('"endpointType: ')]).toEqual([400, true])
  })

  test('answers under the older singular path, with links to the newer one', async () => {
    const { body } = await create(splunk, '/stream')
    expect(body._links.self.href).toBe(`${origin}/v7/streams/${body.id}`)
    expect((await calls.call('GET', `/stream/${body.id}`)).body.id).toBe(body.id)
    expect((await calls.call('GET', '/stream')).body).toHaveLength(1)
    expect((await calls.call('PUT', `/stream/${body.id}`, { body: { enabled: false } })).status).toBe(200)
    expect((await calls.call('DELETE', `/stream/${body.id}`)).status).toBe(204)
  })

  test('shows its secrets masked, and keeps them when the mask comes back', async () => {
    const withSecrets = { ...splunk, customHeaders: { 'X-Key': 'header-secret' } }
    const { body, text } = await create(withSecrets)
    expect(text).not.toMatch(/hec-token|header-secret/)
    expect(body).toMatchObject({
      customHeaders: { 'X-Key': '******' },
      exporterConfig: { splunkHec: { token: '******', index: 'thousandeyes' } },
    })
    const { customHeaders, exporterConfig } = body
    const changed = await calls.call('PUT', `/streams/${body.id}`, {
      body: { customHeaders, exporterConfig },
    })
    expect(changed.status).toBe(200)
  })

  test('sets the endpoint label where the tag is given and the other way round', async () => {
    const byLabel = await create({ ...stream, endpointAgentLabel: [{ id: '1234' }] })
    expect(byLabel.body).toMatchObject({
      endpointAgentLabel: [{ id: '1234' }],
      endpointAgentTag: [{ id: '1234' }],
    })
    const changed = await calls.call('PUT', `/streams/${byLabel.body.id}`, {
      body: { endpointAgentTag: [{ id: '77' }] },
    })
    expect(changed.body).toMatchObject({
      endpointAgentLabel: [{ id: '77' }],
      endpointAgentTag: [{ id: '77' }],
    })
  })
})

describe('refusals of /streams', () => {
  test.each([
    ['no type', { type: undefined }, 'type: Type is empty.'],
    ['an unknown type', { type: 'carrier-pigeon' }, 'type: must be one of opentelemetry, splunk-hec.'],
    ['no address', { streamEndpointUrl: undefined }, 'streamEndpointUrl: StreamEndpointUrl is empty.'],
    [
      'plain http',
      { streamEndpointUrl: 'http://collector.example' },
      'streamEndpointUrl: must be a URL and use HTTPS.',
    ],
    [
      'no address at all',
      { streamEndpointUrl: 'collector' },
      'streamEndpointUrl: must be a URL and use HTTPS.',
    ],
    [
      'a path over grpc',
      { streamEndpointUrl: 'https://collector.example/v1' },
      'streamEndpointUrl: cannot contain a path when endpointType is grpc.',
    ],
    [
      'traces in the first data model',
      { signal: 'trace', dataModelVersion: 'v1' },
      'dataModelVersion: must be v2 when signal is trace or log.',
    ],
    ['splunk-hec over grpc', { ...splunk, endpointType: 'grpc' }, 'must be http when type is splunk-hec.'],
    [
      'splunk-hec without a token',
      { ...splunk, exporterConfig: {} },
      'exporterConfig.splunkHec.token: is required when type is splunk-hec.',
    ],
    [
      'a Splunk token elsewhere',
      { exporterConfig: splunk.exporterConfig },
      'exporterConfig.splunkHec: can only be used when type is splunk-hec.',
    ],
  ])('400 in the words of the streaming API for %s', async (_, change, message) => {
    const { status, body } = await create({ ...stream, ...change })
    expect(status).toBe(400)
    expect(violations('BadRequestError', body)).toEqual([])
    expect(body).toMatchObject({ httpStatus: 'BAD_REQUEST', path: `${origin}/v7/streams` })
    expect(body.errors.join(' ')).toContain(message)
  })

  test('409 for a second stream that sends the same to the same place', async () => {
    expect((await create(stream)).status).toBe(201)
    expect((await create({ ...stream, enabled: false })).status).toBe(409)
    expect((await create({ ...stream, signal: 'log' })).status).toBe(201)
  })

  test('412 beyond ten streams of an account group, and room again after a delete', async () => {
    for (const index of Array.from({ length: 10 }).keys())
      expect((await create({ ...stream, streamEndpointUrl: `https://c${index}.example` })).status).toBe(201)
    const { status, body } = await create(stream)
    expect(status).toBe(412)
    expect(body).toMatchObject({
      httpStatus: 'PRECONDITION_FAILED',
      errors: ['User cannot create more than 10 integrations'],
    })
    const other = await calls.call('POST', '/streams', { body: stream, aid: '1102' })
    expect(other.status).toBe(201)
    const [{ id }] = (await calls.call('GET', '/streams')).body
    await calls.call('DELETE', `/streams/${id}`)
    expect((await create(stream)).status).toBe(201)
  })
})
