import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attacksOf } from '../authorization-server/attacks.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { openPlayer, type Player } from './player.ts'

let service: RunningPanoptes

beforeAll(async () => {
  service = await startPanoptes(['--limits', 'off'])
})
afterAll(() => service?.stop())

async function connectMeraki(player: Player, user = 'us1 admin@acme.example'): Promise<URL> {
  const answer = await player.send('connect', { client: 'meraki', user })
  expect(answer.status).toBe(303)
  return new URL(answer.headers.get('location') ?? '', service.url)
}

describe('a connection that begins in the playground', () => {
  test('asks as an integration does: code, PKCE, state, the registered redirect URI', async () => {
    const { pathname, searchParams } = await connectMeraki(await openPlayer(service))
    expect(pathname).toBe('/oauth2/authorize')
    expect(Object.fromEntries(searchParams)).toMatchObject({
      response_type: 'code',
      client_id: 'meraki',
      redirect_uri: `${service.url}/playground/meraki/callback`,
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
      state: expect.stringMatching(/^[\w-]{43}$/),
      login_hint: 'admin@acme.example',
      teRegion: '0',
    })
  })

  test('expects the region of the person', async () => {
    const player = await openPlayer(service)
    expect((await connectMeraki(player, 'eu1 admin@initech.example')).searchParams.get('teRegion')).toBe('1')
    expect((await connectMeraki(player, 'us2 admin@globex.example')).searchParams.get('teRegion')).toBe('2')
    expect((await connectMeraki(player, 'us1 nobody@acme.example')).searchParams.has('login_hint')).toBe(
      false,
    )
  })

  test('takes no answer of another issuer, RFC 9207 §2.4', async () => {
    const player = await openPlayer(service)
    const state = (await connectMeraki(player)).searchParams.get('state') ?? ''
    const query = new URLSearchParams({ code: 'a', state, iss: 'https://evil.example' })
    const answer = await player.get(`/playground/meraki/callback?${query}`)
    expect(answer.headers.get('location')).toMatch(/^\/playground#c\d+$/)
    expect(await player.page()).toContain('RFC 9207')
    const journal = await fetch(`${service.url}/emulator/journal?name=token`)
    expect(await journal.text(), 'no code was sent to be exchanged').not.toContain('<code:')
  })

  test('takes an answer once, and only in the browser that asked, RFC 6749 §10.12', async () => {
    const [player, other] = [await openPlayer(service), await openPlayer(service)]
    const state = (await connectMeraki(player)).searchParams.get('state') ?? ''
    const path = `/playground/meraki/callback?${new URLSearchParams({ error: 'access_denied', state, iss: service.url })}`
    const foreign = await other.get(path)
    expect(foreign.status).toBe(200)
    expect(await foreign.text()).toContain('The request was not granted')
    expect((await player.get(path)).status).toBe(303)
    expect((await player.get(path)).status).toBe(200)
  })

  test('does not arrive at the redirect URI of another client', async () => {
    const player = await openPlayer(service)
    const state = (await connectMeraki(player)).searchParams.get('state') ?? ''
    const answer = await player.get(`/playground/callback?${new URLSearchParams({ code: 'a', state })}`)
    expect(answer.status).toBe(404)
  })
})

describe('forms of the playground', () => {
  test.each([
    'connect',
    'connector',
    'check',
    'call',
    'refresh',
    'log-out',
    'remove',
    'time',
    'reset',
    'clients',
  ])('%s needs the form token of this browser', async (action) => {
    const [player, other] = [await openPlayer(service), await openPlayer(service)]
    expect((await player.send(action, { csrf: other.csrf })).status).toBe(403)
    expect((await player.send(action, { csrf: '' })).status).toBe(403)
    const withoutCookie = await fetch(`${service.url}/playground/${action}`, {
      method: 'POST',
      body: new URLSearchParams({ csrf: player.csrf }),
      redirect: 'manual',
    })
    expect(withoutCookie.status).toBe(403)
  })

  test('a form that a browser marks as foreign is refused', async () => {
    const player = await openPlayer(service)
    const answer = await fetch(`${service.url}/playground/reset`, {
      method: 'POST',
      headers: { cookie: player.cookie, 'sec-fetch-site': 'cross-site' },
      body: new URLSearchParams({ csrf: player.csrf }),
    })
    expect(answer.status).toBe(403)
  })

  test('hostile values are shown as text, lead nowhere and break nothing', async () => {
    const player = await openPlayer(service)
    for (const value of attacksOf('pages-values.txt')) {
      const answers = [
        await player.send('connector', { api_key: value, aid: value }),
        await player.send('clients', { name: value, redirect_uri: value, scope: value }),
        await player.send('connect', { client: value, user: value }),
        await player.send('call', { connection: value, path: value }),
        await player.send('time', { by: value }),
      ]
      for (const answer of answers) {
        expect(answer.status, value).toBe(303)
        expect(answer.headers.get('location')).toMatch(/^\/playground(?:#\w+)?$/)
      }
      const html = await player.page()
      expect(html).not.toMatch(/<[a-z](?:[^>"]|"[^"]*")*?\son\w+=/i)
      expect(html.replaceAll('<script type="module" src="/script/', '')).not.toMatch(
        /<script|<img|href="(?:javascript|data):/i,
      )
    }
  }, 60_000)

  test('time goes by the buttons alone', async () => {
    const player = await openPlayer(service)
    const ahead = async (): Promise<number> => {
      const read = (await (await fetch(`${service.url}/emulator/clock`)).json()) as { now: string }
      return Math.round(Math.abs(Date.parse(read.now) - Date.now()) / 60_000)
    }
    await player.send('time', { by: 'now' })
    for (const by of ['-60', '1e9', 'NaN', 'Infinity', '86401', '', 'later'])
      await player.send('time', { by })
    expect(await ahead()).toBe(0)
    await player.send('time', { by: '600' })
    expect(await ahead()).toBe(10)
    await player.send('time', { by: 'now' })
    expect(await ahead()).toBe(0)
  })

  const askClock = async (what: string, body?: object): Promise<number> => {
    const answer = await fetch(`${service.url}/emulator/clock${what}`, {
      ...(what === '' ? {} : { method: 'POST' }),
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    expect(answer.status).toBe(200)
    return Date.parse(((await answer.json()) as { now: string }).now)
  }

  test('time goes in whole milliseconds, one at least, and tokens are given at each', async () => {
    const player = await openPlayer(service)
    const before = await askClock('/freeze')
    for (const by of ['0.00015', '1e-300', '0.0016']) await player.send('time', { by })
    expect(await askClock('')).toBe(before + 4)
    const minted = await fetch(`${service.url}/emulator/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ integration: 'meraki', user: 'us1.1001' }),
    })
    expect(minted.status).toBe(201)
    await player.send('time', { by: 'now' })
  })

  test('time goes no further than 100 years ahead', async () => {
    const player = await openPlayer(service)
    const near = await askClock('/advance', { by: '36499d' })
    await player.send('time', { by: '86399' })
    expect(await askClock('/freeze')).toBeGreaterThanOrEqual(near + 86_399_000)
    const farthest = await askClock('')
    await player.send('time', { by: '86400' })
    expect(await askClock('')).toBe(farthest)
    await player.send('time', { by: 'now' })
  })

  test('reset puts everything back to the seed, and the cards are gone', async () => {
    const player = await openPlayer(service)
    await player.send('connector', { api_key: 'no-token' })
    await player.send('time', { by: '86400' })
    expect(await player.page()).toContain('Remove this card of Connector')
    expect((await player.send('reset')).headers.get('location')).toBe('/playground')
    const html = await player.page()
    expect(html).toContain('Nothing is connected yet')
    expect(html).not.toContain('>moved<')
  })
})
