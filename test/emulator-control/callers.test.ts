import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Panoptes, startPanoptes } from '../../src/testing.ts'

let panoptes: Panoptes
beforeAll(async () => {
  panoptes = await startPanoptes()
})
afterAll(() => panoptes.stop())

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
}

/** Sends headers that fetch keeps for itself. */
function send(method: string, path: string, headers: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(`${panoptes.url}${path}`, { method, headers }, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => {
        text += chunk
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }))
    })
    sent.once('error', reject)
    sent.end()
  })
}

const calls = [
  ['GET', '/emulator'],
  ['GET', '/emulator/journal'],
  ['POST', '/emulator/reset'],
  ['DELETE', '/emulator/faults'],
] as const

describe('who may drive the emulator', () => {
  test.each([
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.example' },
    { origin: 'http://localhost:1' },
    { origin: 'null' },
    { origin: '' },
  ])('no page of another origin: %j', async (headers) => {
    for (const [method, path] of calls) {
      const answer = await send(method, path, headers)
      expect(answer.status).toBe(403)
      expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
    }
  })

  test('no page whose name was made to lead here (DNS rebinding)', async () => {
    const { port } = new URL(panoptes.url)
    for (const host of ['evil.example', `evil.example:${port}`, `localhost.evil.example:${port}`]) {
      const answer = await send('GET', '/emulator/journal', { host })
      expect(answer.status).toBe(421)
    }
  })

  test('no preflight is granted', async () => {
    const answer = await send('OPTIONS', '/emulator/reset', {
      origin: 'https://evil.example',
      'access-control-request-method': 'POST',
    })
    expect(answer.status).toBe(403)
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
  })

  test.each([{}, { 'sec-fetch-site': 'same-origin' }, { 'sec-fetch-site': 'none' }])(
    'programs and own pages do: %j',
    async (headers) => {
      expect((await send('GET', '/emulator/clock', headers)).status).toBe(200)
      const own = await send('POST', '/emulator/clock/reset', { ...headers, origin: panoptes.url })
      expect(own.status).toBe(200)
    },
  )

  test('nothing of it is kept, guessed at or shared', async () => {
    for (const path of ['/emulator', '/emulator/clock', '/emulator/nothing', '/emulator/snapshots/none']) {
      const { headers } = await send('GET', path, {})
      expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
      expect(headers['access-control-allow-origin']).toBeUndefined()
    }
  })

  test('what is not there is refused in words', async () => {
    const missing = await send('GET', '/emulator/nothing', {})
    expect(JSON.parse(missing.text)).toMatchObject({ status: 404, code: 'no_such_path' })
    const wrong = await send('DELETE', '/emulator/clock', {})
    expect(JSON.parse(wrong.text)).toMatchObject({ status: 405, code: 'no_such_method' })
    expect(wrong.headers['allow']).toBe('HEAD, GET')
    expect((await send('GET', '/emulator/', {})).status).toBe(404)
    expect((await send('GET', '/emulator/Clock', {})).status).toBe(404)
  })

  test('the contents lead to every resource', async () => {
    const contents = JSON.parse((await send('GET', '/emulator', {})).text)
    expect(contents).toMatchObject({ workspace: 'default', url: panoptes.url })
    for (const link of [contents.openapi, ...Object.values<string>(contents.links)])
      expect((await fetch(link)).status).toBe(200)
  })
})
