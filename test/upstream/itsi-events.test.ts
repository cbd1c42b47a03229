import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls } from './emulator-calls.ts'

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const send = (body: unknown) => calls.call('POST', '/ingest/events/itsi', { body, aid: '1101' })

describe('POST /ingest/events/itsi', () => {
  test.each([
    ['an event', { event_id: '1', title: 'Episode' }],
    ['several events', [{ event_id: '1' }, { event_id: '2' }]],
    ['more events than are kept', Array.from({ length: 150 }, (_, id) => ({ id }))],
  ])('202 without a body for %s', async (_, body) => {
    const { status, text } = await send(body)
    expect([status, text]).toEqual([202, ''])
    expect((await send(body)).status).toBe(202)
  })

  test.each([
    ['JSON that is none', '{"event_id":'],
    ['no object', '7'],
    ['no body', undefined],
  ])('400 for %s', async (_, body) => {
    expect((await send(body)).status).toBe(400)
  })
})
