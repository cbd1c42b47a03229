import { connect } from 'node:net'
import { beforeEach, describe, expect, test } from 'vitest'
import { fileEmulator } from './support/file-emulator.ts'
import { askForCode, poll, statusOf } from './support/oauth.ts'

const panoptes = fileEmulator()
const { ask } = panoptes
beforeEach(() => ask('POST', '/reset'))

const otis = { user: 'ops@acme.example' }

/** A device flow and a call: what the journal is asked about. */
async function traffic() {
  const device = await askForCode(panoptes.url)
  await poll(panoptes.url, device.device_code)
  await ask('POST', `/device-codes/${device.user_code}/approve`, otis)
  await ask('POST', '/clock/advance', { by: '1m' })
  const { body: tokens } = await poll(panoptes.url, device.device_code)
  await statusOf(panoptes.url, tokens.access_token)
  return { device, tokens }
}

const summaryOf = ({ name, answer }: { name: string; answer: { status: number } }) =>
  `${name} ${answer.status}`

describe('GET /emulator/journal', () => {
  test('has every request with its answer, oldest first, and nothing of the control API', async () => {
    await traffic()
    const { status, body } = await ask('GET', '/journal')
    expect(status).toBe(200)
    const summary = body.exchanges.map(summaryOf)
    expect(summary.filter((line: string) => /^(?:device_auth|token|getTests)/.test(line))).toEqual([
      'device_authorization 200',
      'token 400',
      'token 200',
      'getTests 200',
    ])
    expect(body.exchanges.filter(({ path }: { path: string }) => path.startsWith('/emulator'))).toEqual([])
    expect(body.lastId).toBe(body.exchanges.at(-1).id)
  })

  test('holds no credential', async () => {
    const { device, tokens } = await traffic()
    const { body } = await ask('GET', '/journal')
    const text = JSON.stringify(body)
    for (const secret of [device.device_code, tokens.access_token, tokens.refresh_token])
      expect(text).not.toContain(secret)
    expect(text).toContain('sd-wan-manager')
  })

  test.each([
    ['surface=v7', ['getTests 200']],
    ['name=token', ['token 400', 'token 200']],
    ['name=token&status=400', ['token 400']],
    ['path=/v7/tests', ['getTests 200']],
    ['method=get&surface=v7', ['getTests 200']],
    ['name=token&clientId=sd-wan-manager&limit=1', ['token 200']],
    ['name=token&clientId=meraki', []],
  ])('is asked by %s', async (query, expected) => {
    await traffic()
    const { body } = await ask('GET', `/journal?${query}`)
    expect(body.exchanges.map(summaryOf)).toEqual(expected)
  })

  test('is asked for what came after an exchange', async () => {
    await traffic()
    const first = (await ask('GET', '/journal?name=token')).body.exchanges[0]
    const { body } = await ask('GET', `/journal?name=token&after=${first.id}`)
    expect(body.exchanges.map(summaryOf)).toEqual(['token 200'])
  })

  test('is cleared', async () => {
    await traffic()
    expect((await ask('DELETE', '/journal')).status).toBe(204)
    expect((await ask('GET', '/journal')).body.exchanges).toEqual([])
  })

  test('has what was under way when it was cleared', async () => {
    await ask('POST', '/faults', { on: 'getTests', latency: '1s' })
    const answered = statusOf(panoptes.url, 'x')
    await expect.poll(async () => (await ask('GET', '/faults')).body.faults[0].hits).toBe(1)
    await ask('DELETE', '/journal')
    expect((await ask('GET', '/journal/next?name=getTests')).body.answer.status).toBe(await answered)
    expect((await ask('GET', '/journal')).body.exchanges.map(summaryOf)).toEqual(['getTests 401'])
  })

  test('has the requests that a reset held back', async () => {
    const { hostname, port } = new URL(panoptes.url)
    // Its body never comes: the reset waits for it, and whatever comes meanwhile waits for the reset.
    const stuck = connect(Number(port), hostname)
    stuck.write(`POST /v7/oauth2/token HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Length: 9\r\n\r\n`)
    const { lastId } = (await ask('GET', '/journal')).body
    await expect.poll(async () => (await ask('GET', '/journal')).body.lastId).toBe(lastId + 1)
    const reset = ask('POST', '/reset')
    await expect.poll(async () => (await ask('GET', '/clock')).status).toBe(200)
    const told = ask('GET', `/journal/next?name=getTests&after=${lastId}`)
    const held = statusOf(panoptes.url, 'x')
    expect(await Promise.race([held, reset.then(({ status }) => status)])).toBe(204)
    expect(await held).toBe(401)
    expect(summaryOf((await told).body)).toBe('getTests 401')
    expect((await ask('GET', '/journal?surface=v7')).body.exchanges.map(summaryOf)).toEqual(['getTests 401'])
    stuck.destroy()
  })
})

describe('GET /emulator/journal/next', () => {
  test('waits for the next request that matches', async () => {
    await askForCode(panoptes.url)
    const waiting = ask('GET', '/journal/next?name=device_authorization&status=200')
    await poll(panoptes.url, 'nothing')
    // The long poll is under way once another request of this client was answered.
    await ask('GET', '/clock')
    const before = (await ask('GET', '/journal')).body.lastId
    await askForCode(panoptes.url)
    expect((await waiting).body.id).toBeGreaterThan(before)
  })

  test('answers at once when one came after the given exchange', async () => {
    await askForCode(panoptes.url)
    const { status, body } = await ask('GET', '/journal/next?name=device_authorization&after=0')
    expect(status).toBe(200)
    expect(body).toMatchObject({ method: 'POST', path: '/v7/oauth2/device/authorization' })
  })

  test('answers 404 when nothing came in time', async () => {
    const answer = await ask('GET', '/journal/next?name=token&timeout=0')
    expect(answer).toMatchObject({ status: 404, body: { code: 'nothing_came' } })
  })
})

describe('a query of the journal', () => {
  test.each([
    ['name=tokn', 422, /name: found "tokn"; did you mean token\?/],
    ['surface=moon', 400, /surface: found "moon"; allowed are oauth, v7, pages/],
    ['status=abc', 400, /status: found "abc"; allowed is a whole number from 100 to 599/],
    ['after=-1', 400, /after: found "-1"/],
    ['path=v7', 400, /path: found "v7"; allowed is the beginning of a path/],
    ['method=', 400, /method: found ""; allowed is a method/],
    ['limit=0', 400, /limit: found "0"; allowed is a whole number from 1/],
    ['user=x', 400, /user: found something unknown; allowed are surface, name/],
    ['name=token&name=revoke', 400, /name: found it twice; allowed is once/],
  ])('refuses %s', async (query, status, words) => {
    const answer = await ask('GET', `/journal?${query}`)
    expect(answer.status).toBe(status)
    expect(answer.body.detail).toMatch(words)
  })

  test.each(['timeout=61', 'timeout=1.5', 'limit=5'])('to wait for refuses %s', async (query) => {
    expect((await ask('GET', `/journal/next?${query}`)).status).toBe(400)
  })
})
