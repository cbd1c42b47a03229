import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Panoptes, startPanoptes } from '../../src/testing.ts'
import { type Ask, controlApi } from './support/control-api.ts'
import { statusOf } from './support/oauth.ts'

let panoptes: Panoptes
let ask: Ask
beforeEach(async () => {
  panoptes = await startPanoptes()
  ask = controlApi(panoptes.url)
})
afterEach(() => panoptes.stop())

const wish = { integration: 'sd-wan-manager', user: 'ops@acme.example' }

describe('/emulator/snapshots', () => {
  test('a snapshot puts tokens, clock and lifetimes back', async () => {
    await ask('POST', '/clock/freeze')
    await ask('POST', '/clock/set', { now: '2030-01-01T00:00:00Z' })
    await ask('PATCH', '/integrations/sd-wan-manager', { lifetimes: { access: '7m' } })
    const { access_token: token } = (await ask('POST', '/tokens', wish)).body
    const { status, headers, body } = await ask('PUT', '/snapshots/connected')
    expect(status).toBe(201)
    expect(headers.get('location')).toBe('/emulator/snapshots/connected')
    expect(body).toMatchObject({ name: 'connected', takenAt: '2030-01-01T00:00:00.000Z' })
    expect((await ask('GET', '/snapshots')).body).toEqual({ snapshots: [body] })

    await ask('POST', '/reset')
    expect(await statusOf(panoptes.url, token)).toBe(401)
    expect((await ask('POST', '/snapshots/connected/load')).status).toBe(204)
    expect((await ask('GET', '/clock')).body).toMatchObject({ now: '2030-01-01T00:00:00.000Z', frozen: true })
    expect(await statusOf(panoptes.url, token)).toBe(200)
    expect((await ask('POST', '/tokens', wish)).body.expires_in).toBe(420)
  })

  test('is downloaded, and loaded in another process', async () => {
    const { access_token: token } = (await ask('POST', '/tokens', wish)).body
    await ask('PUT', '/snapshots/connected')
    const { body: document } = await ask('GET', '/snapshots/connected')
    await using elsewhere = await startPanoptes()
    const askElsewhere = controlApi(elsewhere.url)
    expect(await statusOf(elsewhere.url, token)).toBe(401)
    const kept = await askElsewhere('PUT', '/snapshots/from-a-file', document)
    expect(kept).toMatchObject({ status: 201, body: { name: 'from-a-file' } })
    expect((await askElsewhere('POST', '/snapshots/from-a-file/load')).status).toBe(204)
    expect(await statusOf(elsewhere.url, token)).toBe(200)
  })

  test('is forgotten', async () => {
    await ask('PUT', '/snapshots/once')
    expect((await ask('DELETE', '/snapshots/once')).status).toBe(204)
    expect((await ask('POST', '/snapshots/once/load')).status).toBe(404)
  })

  test('an unknown one is refused with those there are', async () => {
    await ask('PUT', '/snapshots/known')
    for (const [method, path] of [
      ['GET', '/snapshots/unknown'],
      ['DELETE', '/snapshots/unknown'],
      ['POST', '/snapshots/unknown/load'],
    ] as const)
      expect(await ask(method, path)).toMatchObject({
        status: 404,
        body: { code: 'unknown_snapshot', detail: 'snapshot: found "unknown"; allowed are known' },
      })
  })

  test.each([{}, { version: 1 }, [], 7, null, { records: 'all' }])(
    'refuses the document %j',
    async (document) => {
      expect(await ask('PUT', '/snapshots/bad', document)).toMatchObject({
        status: 422,
        body: { code: 'invalid_snapshot' },
      })
      expect((await ask('GET', '/snapshots')).body.snapshots).toEqual([])
    },
  )

  test.each(['.hidden', '-x', 'a%20b', 'a%2fb', 'a'.repeat(65), '%00'])(
    'refuses the name %s',
    async (name) => {
      expect(await ask('PUT', `/snapshots/${name}`)).toMatchObject({
        status: 422,
        body: { code: 'invalid_name' },
      })
    },
  )

  test('a document over 10 MB is refused', async () => {
    const answer = await ask('PUT', '/snapshots/big', { filling: 'x'.repeat(10_000_000) })
    expect(answer).toMatchObject({ status: 413, body: { code: 'body_too_large' } })
  })
})
