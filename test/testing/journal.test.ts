import { AssertionError } from 'node:assert'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Panoptes, startPanoptes } from '../../src/testing.ts'
import { askForCode, poll } from '../emulator-control/support/oauth.ts'

let panoptes: Panoptes
beforeAll(async () => {
  panoptes = await startPanoptes()
})
afterAll(() => panoptes.stop())
beforeEach(() => panoptes.reset())

/** Asks for a code and polls once, too early. */
async function traffic(): Promise<void> {
  const device = await askForCode(panoptes.url)
  await poll(panoptes.url, device.device_code)
}

describe('journal.find', () => {
  test('gives exchanges with instants as dates', async () => {
    await traffic()
    const [first, second, ...more] = await panoptes.journal.find()
    expect(more).toEqual([])
    expect(first).toMatchObject({ name: 'device_authorization', method: 'POST', answer: { status: 200 } })
    expect(first?.at).toBeInstanceOf(Date)
    expect(second).toMatchObject({ name: 'token', answer: { status: 400 } })
    expect(await panoptes.journal.lastId()).toBe(second?.id)
  })

  test('gives the newest ones when there is a limit', async () => {
    await traffic()
    expect(await panoptes.journal.find({ surface: 'oauth', limit: 1 })).toMatchObject([{ name: 'token' }])
  })

  test('gives nothing after it was cleared', async () => {
    await traffic()
    await panoptes.journal.clear()
    expect(await panoptes.journal.find()).toEqual([])
  })
})

describe('journal.next', () => {
  test('gives what came already, one after the other, and waits for what comes', async () => {
    await traffic()
    const first = await panoptes.journal.next({ name: 'token' })
    const waiting = panoptes.journal.next({ name: 'token' })
    await traffic()
    const second = await waiting
    expect(second.id).toBeGreaterThan(first.id)
    await expect(panoptes.journal.next({ name: 'token' }, { timeoutSeconds: 0 })).rejects.toThrow(
      AssertionError,
    )
  })

  test('begins after a given exchange', async () => {
    await traffic()
    const first = await panoptes.journal.next()
    expect((await panoptes.journal.next({ after: 0 })).id).toBe(first.id)
  })

  test('begins anew with a reset', async () => {
    await traffic()
    await panoptes.journal.next({ name: 'token' })
    await panoptes.reset()
    await traffic()
    expect(await panoptes.journal.next()).toMatchObject({ name: 'device_authorization' })
  })

  test('says what did arrive when nothing came in time', async () => {
    await traffic()
    const nothing = panoptes.journal.next({ name: 'revoke' }, { timeoutSeconds: 0 })
    await expect(nothing).rejects.toThrow(
      /^Expected exchanges with name revoke within 0 s, but none came\.\nWhat arrived.*\n {2}#\d+ POST \/v7\/oauth2\/device\/authorization -> 200/,
    )
  })
})

describe('journal.expect', () => {
  test('gives what matches, at least one or exactly so many', async () => {
    await traffic()
    expect(await panoptes.journal.expect({ name: 'token' })).toHaveLength(1)
    await traffic()
    expect(await panoptes.journal.expect({ name: 'token', status: 400 }, { times: 2 })).toHaveLength(2)
  })

  test('waits a moment for what is under way', async () => {
    const expected = panoptes.journal.expect({ name: 'token' }, { withinMs: 5_000 })
    await traffic()
    expect(await expected).toHaveLength(1)
  })

  test('says what arrived instead, and which of it matches', async () => {
    await traffic()
    const missing = panoptes.journal.expect({ name: 'token', status: 200 }, { withinMs: 0 })
    await expect(missing).rejects.toBeInstanceOf(AssertionError)
    await expect(missing).rejects.toThrow(
      /^Expected at least 1 of exchanges with name token, status 200, but 0 arrived\.\nWhat arrived, the newest 2 last; > matches:\n {2}#\d+ POST .*\n {2}#\d+ POST \/v7\/oauth2\/token -> 400 \(token/,
    )
    const tooFew = panoptes.journal.expect({ name: 'token' }, { times: 2, withinMs: 0 })
    await expect(tooFew).rejects.toThrow(
      /^Expected 2 of .*, but 1 arrived\.\n.*\n {2}#.*\n> #\d+ POST \/v7\/oauth2\/token/,
    )
  })

  test('says when nothing arrived at all', async () => {
    await expect(panoptes.journal.expect({}, { withinMs: 0 })).rejects.toThrow(
      /^Expected at least 1 of any exchange, but 0 arrived\.\nNothing arrived at all\.$/,
    )
  })

  test('refuses more than so many', async () => {
    await traffic()
    await traffic()
    await expect(panoptes.journal.expect({ name: 'token' }, { times: 1 })).rejects.toThrow(/but 2 arrived/)
  })

  test('refuses a name that nothing has, instead of waiting for it', async () => {
    await expect(panoptes.journal.expect({ name: 'tokn' })).rejects.toThrow(/did you mean token\?/)
  })
})

describe('journal.expectNone', () => {
  test('passes while nothing matches', async () => {
    await traffic()
    await panoptes.journal.expectNone({ surface: 'v7' })
  })

  test('says what matched', async () => {
    await traffic()
    const some = panoptes.journal.expectNone({ name: 'token' })
    await expect(some).rejects.toBeInstanceOf(AssertionError)
    await expect(some).rejects.toThrow(
      /^Expected no exchanges with name token, but 1 arrived\.\n[^>]*> matches:\n.*\n> #/,
    )
  })
})
