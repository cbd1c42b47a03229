import { beforeEach, describe, expect, test } from 'vitest'
import { startPanoptes } from '../../src/testing.ts'
import { controlApi } from './support/control-api.ts'
import { fileEmulator } from './support/file-emulator.ts'
import { call, refresh, statusOf } from './support/oauth.ts'

const panoptes = fileEmulator()
const { ask } = panoptes
beforeEach(() => ask('POST', '/reset'))

const wish = { integration: 'sd-wan-manager', user: 'ops@acme.example' }
const mint = async () => (await ask('POST', '/tokens', wish)).body

describe('/emulator/users', () => {
  test('lists everybody, with region, organization and lock', async () => {
    const { body } = await ask('GET', '/users')
    expect(body.users).toHaveLength(7)
    expect(body.users).toContainEqual({
      id: 'us1.1002',
      email: 'ops@acme.example',
      name: 'Otis Operations',
      region: 'us1',
      organization: { id: '110', name: 'Acme Networks' },
      locked: false,
    })
  })

  test('a locked user calls and refreshes nothing until the lock is lifted', async () => {
    const tokens = await mint()
    expect((await ask('PUT', '/users/ops@acme.example/lock')).status).toBe(204)
    expect(await statusOf(panoptes.url, tokens.access_token)).toBe(401)
    expect((await refresh(panoptes.url, tokens.refresh_token)).body.error).toBe('invalid_grant')
    const { body } = await ask('GET', '/users')
    expect(body.users.filter(({ locked }: { locked: boolean }) => locked)).toMatchObject([{ id: 'us1.1002' }])
    expect((await ask('DELETE', '/users/us1.1002/lock')).status).toBe(204)
    expect(await statusOf(panoptes.url, (await mint()).access_token)).toBe(200)
  })

  test('an e-mail address of two regions needs its region', async () => {
    const answer = await ask('PUT', '/users/admin@acme.example/lock')
    expect(answer).toMatchObject({ status: 409, body: { code: 'ambiguous_user' } })
    expect((await ask('PUT', '/users/admin@acme.example/lock?region=eu1')).status).toBe(204)
    expect((await ask('PUT', '/users/admin@acme.example/lock?region=us2')).status).toBe(404)
    expect((await ask('PUT', '/users/admin@acme.example/lock?region=mars')).status).toBe(400)
  })
})

describe('/emulator/blocked-addresses/{address}', () => {
  test('a blocked address is refused like one that sent too many bad tokens, until it is lifted', async () => {
    const { access_token: token } = await mint()
    const { status, body } = await ask('PUT', '/blocked-addresses/127.0.0.1')
    expect(status).toBe(200)
    expect(Date.parse(body.blockedUntil)).toBeGreaterThan(Date.now())
    expect(await statusOf(panoptes.url, token)).toBe(429)
    expect((await ask('DELETE', '/blocked-addresses/127.0.0.1')).status).toBe(204)
    expect(await statusOf(panoptes.url, token)).toBe(200)
  })

  test.each(['::ffff:127.0.0.1', '::FFFF:7f00:1', '0:0:0:0:0:ffff:127.0.0.1'])(
    '%s is the address that calls come from, in other words',
    async (address) => {
      const { access_token: token } = await mint()
      const answer = await ask('PUT', `/blocked-addresses/${encodeURIComponent(address)}`)
      expect(answer).toMatchObject({ status: 200, body: { address: '127.0.0.1' } })
      expect(await statusOf(panoptes.url, token)).toBe(429)
      expect((await ask('DELETE', `/blocked-addresses/${encodeURIComponent(address)}`)).status).toBe(204)
      expect(await statusOf(panoptes.url, token)).toBe(200)
    },
  )

  test('ends with time', async () => {
    const { access_token: token } = await mint()
    await ask('PUT', '/blocked-addresses/127.0.0.1')
    await ask('POST', '/clock/advance', { by: '2h' })
    await ask('POST', '/tokens/expire', { token })
    expect(await statusOf(panoptes.url, (await mint()).access_token)).toBe(200)
  })

  test('refuses what is no address', async () => {
    const { status, body } = await ask('PUT', '/blocked-addresses/localhost')
    expect(status).toBe(422)
    expect(body.detail).toBe('address: found "localhost"; allowed is an IP address, as 203.0.113.7')
  })
})

describe('POST /emulator/budgets/exhaust', () => {
  test('the next call is 429 until the next window', async () => {
    const { access_token: token } = await mint()
    const { status, body } = await ask('POST', '/budgets/exhaust', wish)
    expect(status).toBe(200)
    expect(body).toMatchObject({
      bucket: 'calls',
      region: 'us1',
      organization: '110',
      integration: 'sd-wan-manager',
    })
    const answer = await call(panoptes.url, token)
    expect(answer.status).toBe(429)
    expect(answer.headers.get('x-organization-rate-limit-remaining')).toBe('0')
    await ask('POST', '/clock/set', { now: body.nextWindowAt })
    expect(await statusOf(panoptes.url, token)).toBe(200)
  })

  test('leaves the windows of others alone', async () => {
    const { access_token: token } = await mint()
    await ask('POST', '/budgets/exhaust', { organization: '110' })
    expect(await statusOf(panoptes.url, token)).toBe(200)
    expect(await statusOf(panoptes.url, 'f537f4ac-2921-3199-bbab-d5a43f1c2b60')).toBe(429)
  })

  test.each([
    [{}, 422, /allowed is exactly one of them/],
    [{ user: 'ops@acme.example', organization: '110' }, 422, /allowed is exactly one of them/],
    [{ organization: '999' }, 404, /organization: found "999"; allowed are 110, 210, 310/],
    [{ organization: '110', integration: 'nobody' }, 404, /integration: found "nobody"; allowed are/],
    [
      { organization: '110', bucket: 'bathtub' },
      422,
      /bucket: found "bathtub"; allowed are calls, instant-test/,
    ],
  ])('refuses %j', async (body, status, words) => {
    const answer = await ask('POST', '/budgets/exhaust', body)
    expect(answer.status).toBe(status)
    expect(answer.body.detail).toMatch(words)
  })

  test('is refused while limits are off, as is blocking', async () => {
    await using unlimited = await startPanoptes({ limits: 'off' })
    const askThere = controlApi(unlimited.url)
    const answer = await askThere('POST', '/budgets/exhaust', { organization: '110' })
    expect(answer).toMatchObject({ status: 409, body: { code: 'limits_off' } })
    expect((await askThere('PUT', '/blocked-addresses/127.0.0.1')).body.code).toBe('limits_off')
  })
})

describe('/emulator/integrations', () => {
  test('lists the configured ones', async () => {
    const { body } = await ask('GET', '/integrations')
    expect(body.integrations).toMatchObject([
      { clientId: 'sd-wan-manager', lifetimes: { access: 600, idle: 604_800, absolute: 15_552_000 } },
      { clientId: 'meraki', clientSecret: 'meraki-secret' },
      { clientId: '0oalgciz1dyS1Uonr697' },
    ])
  })

  test('lifetimes change for what is issued from then on', async () => {
    const before = await mint()
    const { status, body } = await ask('PATCH', '/integrations/sd-wan-manager', {
      lifetimes: { access: '5s', idle: 60 },
    })
    expect(status).toBe(200)
    expect(body.lifetimes).toEqual({ access: 5, idle: 60, absolute: 15_552_000 })
    const { body: listed } = await ask('GET', '/integrations')
    expect(listed.integrations[0].lifetimes).toEqual(body.lifetimes)
    const after = await mint()
    expect(after.expires_in).toBe(5)
    await ask('POST', '/clock/advance', { by: '6s' })
    expect(await statusOf(panoptes.url, after.access_token)).toBe(401)
    expect(await statusOf(panoptes.url, before.access_token)).toBe(200)
    await ask('POST', '/clock/advance', { by: '55s' })
    expect((await refresh(panoptes.url, after.refresh_token)).body.error).toBe('invalid_grant')
  })

  test.each([
    ['sd-wan-manager', { lifetimes: { access: '8d' } }, 422, /allowed is access <= idle <= absolute/],
    [
      'sd-wan-manager',
      { lifetimes: { access: '0s' } },
      422,
      /lifetimes\.access: found "0s"; allowed is a number/,
    ],
    [
      'sd-wan-manager',
      { lifetimes: { forever: true } },
      422,
      /lifetimes\.forever: found something unknown; allowed are access, idle, absolute/,
    ],
    ['sd-wan-manager', { name: 'Mine' }, 422, /lifetimes: found nothing|name: found something unknown/],
    ['nobody', { lifetimes: { access: '5s' } }, 404, /integration: found "nobody"/],
  ])('of %s refuses %j', async (clientId, body, status, words) => {
    const answer = await ask('PATCH', `/integrations/${clientId}`, body)
    expect(answer.status).toBe(status)
    expect(answer.body.detail).toMatch(words)
  })
})
