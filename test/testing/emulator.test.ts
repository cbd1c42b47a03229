import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Panoptes, PanoptesRefusal, startPanoptes } from '../../src/testing.ts'
import {
  askForCode,
  exchange,
  merakiRequest,
  poll,
  refresh,
  statusOf,
} from '../emulator-control/support/oauth.ts'

let panoptes: Panoptes
beforeAll(async () => {
  panoptes = await startPanoptes()
})
afterAll(() => panoptes.stop())
beforeEach(() => panoptes.reset())

const otis = { user: 'ops@acme.example' }
const wish = { integration: 'sd-wan-manager', ...otis }

describe('people', () => {
  test('a device is approved or denied', async () => {
    const approved = await askForCode(panoptes.url)
    await panoptes.device.approve(approved.user_code, otis)
    expect((await poll(panoptes.url, approved.device_code)).status).toBe(200)
    const denied = await askForCode(panoptes.url)
    await panoptes.device.deny(denied.user_code, otis)
    expect((await poll(panoptes.url, denied.device_code)).body.error).toBe('access_denied')
  })

  test('an authorization request is completed, as text or as a URL', async () => {
    const { code = '' } = await panoptes.authorize(new URL(merakiRequest(panoptes.url)), otis)
    expect((await exchange(panoptes.url, code)).status).toBe(200)
    const refused = await panoptes.authorize(merakiRequest(''), { ...otis, choice: 'logout' })
    expect(refused).toMatchObject({ error: 'access_denied', state: 'state-of-the-test' })
  })

  test('a user is locked and unlocked', async () => {
    const { access_token: token } = await panoptes.tokens.mint(wish)
    await panoptes.users.lock(otis.user, { region: 'us1' })
    expect(await statusOf(panoptes.url, token)).toBe(401)
    await panoptes.users.unlock('us1.1002')
    const users = await panoptes.users.list()
    expect(users.filter(({ locked }) => locked)).toEqual([])
  })

  test('an address is blocked and unblocked', async () => {
    const { access_token: token } = await panoptes.tokens.mint(wish)
    expect((await panoptes.addresses.block('127.0.0.1')).getTime()).toBeGreaterThan(Date.now())
    expect(await statusOf(panoptes.url, token)).toBe(429)
    await panoptes.addresses.unblock('127.0.0.1')
    expect(await statusOf(panoptes.url, token)).toBe(200)
  })
})

describe('tokens, lifetimes and budgets', () => {
  test('a token is minted, expired, revoked and marked as used', async () => {
    const { access_token: token, refresh_token: first = '' } = await panoptes.tokens.mint({
      ...wish,
      scopes: ['tests:manage', 'offline_access'],
      accountGroups: ['1101'],
    })
    expect(await panoptes.tokens.expire(token)).toBe('access_token')
    expect(await statusOf(panoptes.url, token)).toBe(401)
    const { body: tokens } = await refresh(panoptes.url, first)
    expect(await panoptes.tokens.markUsed(tokens.refresh_token)).toBe('refresh_token')
    expect((await refresh(panoptes.url, tokens.refresh_token)).body.error).toBe('invalid_grant')
    const { refresh_token: second = '' } = await panoptes.tokens.mint(wish)
    expect(await panoptes.tokens.revoke(second)).toBe('refresh_token')
    expect((await refresh(panoptes.url, second)).body.error).toBe('invalid_grant')
  })

  test('lifetimes are set', async () => {
    const { lifetimes } = await panoptes.integrations.setLifetimes('sd-wan-manager', {
      access: '5s',
      idle: 60,
    })
    expect(lifetimes).toEqual({ access: 5, idle: 60, absolute: 15_552_000 })
    expect((await panoptes.tokens.mint(wish)).expires_in).toBe(5)
    expect((await panoptes.integrations.list())[0]?.lifetimes).toEqual(lifetimes)
  })

  test('a budget is exhausted until the next window', async () => {
    await panoptes.clock.freeze()
    const { access_token: token } = await panoptes.tokens.mint(wish)
    const { bucket, nextWindowAt } = await panoptes.budgets.exhaust(wish)
    expect(bucket).toBe('calls')
    expect(await statusOf(panoptes.url, token)).toBe(429)
    await panoptes.clock.set(nextWindowAt)
    expect(await statusOf(panoptes.url, token)).toBe(200)
  })
})

describe('clock', () => {
  test('is read, moved, stopped and let go', async () => {
    const { now } = await panoptes.clock.set('2030-01-01T00:00:00Z')
    expect(now).toEqual(new Date('2030-01-01T00:00:00Z'))
    expect((await panoptes.clock.freeze()).frozen).toBe(true)
    await panoptes.clock.set(new Date('2031-01-01T00:00:00Z'))
    expect((await panoptes.clock.advance(60)).now).toEqual(new Date('2031-01-01T00:01:00Z'))
    expect((await panoptes.clock.resume()).frozen).toBe(false)
    expect(Math.abs((await panoptes.clock.reset()).aheadSeconds)).toBeLessThan(1)
  })

  test('an access token ends with its time', async () => {
    const { access_token: token, expires_in: seconds } = await panoptes.tokens.mint(wish)
    await panoptes.clock.advance(seconds - 5)
    expect(await statusOf(panoptes.url, token)).toBe(200)
    await panoptes.clock.advance('5s')
    expect(await statusOf(panoptes.url, token)).toBe(401)
  })
})

describe('faults', () => {
  test('are added, counted and removed', async () => {
    const { access_token: token } = await panoptes.tokens.mint(wish)
    const fault = await panoptes.faults.add({
      on: 'getTests',
      status: 503,
      from: new Date('2020-01-01T00:00:00Z'),
      until: '2100-01-01T00:00:00Z',
    })
    expect(fault).toMatchObject({ on: 'getTests', status: 503, seen: 0, hits: 0 })
    expect(await statusOf(panoptes.url, token)).toBe(503)
    expect(await panoptes.faults.get(fault.id)).toMatchObject({ seen: 1, hits: 1 })
    await panoptes.faults.remove(fault.id)
    expect(await statusOf(panoptes.url, token)).toBe(200)
    await panoptes.faults.add({ on: '*', drop: 'before' })
    expect(await panoptes.faults.list()).toHaveLength(1)
    await panoptes.faults.clear()
    expect(await panoptes.faults.list()).toEqual([])
  })
})

describe('snapshots', () => {
  test('are taken, listed, loaded, downloaded, uploaded and removed', async () => {
    const { access_token: token } = await panoptes.tokens.mint(wish)
    const taken = await panoptes.snapshots.take('connected')
    expect(taken.takenAt).toBeInstanceOf(Date)
    expect(await panoptes.snapshots.list()).toEqual([taken])
    const document = await panoptes.snapshots.download('connected')
    await panoptes.snapshots.remove('connected')
    await panoptes.reset()
    expect(await statusOf(panoptes.url, token)).toBe(401)
    expect((await panoptes.snapshots.upload('again', document)).records).toBe(taken.records)
    await panoptes.snapshots.load('again')
    expect(await statusOf(panoptes.url, token)).toBe(200)
    await panoptes.snapshots.remove('again')
  })
})

describe('workspaces', () => {
  test('one lasts as long as its block, and has helpers of its own', async () => {
    let url = ''
    {
      await using workspace = await panoptes.workspaces.create('mine')
      url = workspace.url
      expect(await panoptes.workspaces.list()).toEqual([
        { name: 'default', url: panoptes.url },
        { name: 'mine', url },
      ])
      await workspace.clock.advance('1d')
      expect((await panoptes.clock.read()).aheadSeconds).toBeLessThan(1)
      const { access_token: token } = await workspace.tokens.mint(wish)
      expect(await statusOf(url, token)).toBe(200)
      expect(await statusOf(panoptes.url, token)).toBe(401)
      await workspace.journal.expect({ name: 'getTests', status: 200 }, { times: 1 })
    }
    expect(await panoptes.workspaces.list()).toHaveLength(1)
    await expect(fetch(url)).rejects.toThrow()
  })

  test('is removed once, by name too', async () => {
    const workspace = await panoptes.workspaces.create('twice')
    await workspace.remove()
    await workspace.remove()
    await panoptes.workspaces.create('named')
    await panoptes.workspaces.remove('named')
    await expect(panoptes.workspaces.remove('named')).rejects.toThrow(
      /workspace: found "named"; allowed are default/,
    )
  })
})

describe('a refusal', () => {
  test('is an error with status, code and words', async () => {
    const refused = panoptes.device.approve('XXXX-XXXX', { user: 'nobody@acme.example' })
    await expect(refused).rejects.toBeInstanceOf(PanoptesRefusal)
    await expect(refused).rejects.toMatchObject({
      status: 404,
      code: 'unknown_user',
      message: expect.stringMatching(
        /^POST \/emulator\/device-codes\/XXXX-XXXX\/approve: user: found "nobody@acme\.example"; allowed are/,
      ),
    })
  })
})
