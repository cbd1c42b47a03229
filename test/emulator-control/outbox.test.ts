import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Panoptes, startPanoptes } from '../../src/testing.ts'
import { ops, signedIn } from '../account/signed-in.ts'
import { controlApi } from './support/control-api.ts'

let panoptes: Panoptes
beforeAll(async () => {
  panoptes = await startPanoptes({ tokenConfirmation: 'email' })
})
afterAll(() => panoptes.stop())
beforeEach(() => panoptes.reset())

const ask = (method: string, path: string) => controlApi(panoptes.url)(method, path)

async function mailOtis(): Promise<void> {
  const person = await signedIn(panoptes, ops)
  await person.open(`${panoptes.url}/account/profile`)
  await person.press('Generate')
}

describe('/emulator/outbox', () => {
  test('lists what was mailed, of an address or of all', async () => {
    await mailOtis()
    const { body } = await ask('GET', '/outbox')
    expect(body.messages).toHaveLength(1)
    expect(body.messages[0]).toMatchObject({ to: 'ops@acme.example' })
    expect((await ask('GET', '/outbox?to=Ops@acme.example')).body).toEqual(body)
    expect((await ask('GET', '/outbox?to=viewer@acme.example')).body).toEqual({ messages: [] })
  })

  test('refuses a query that it does not know, and an empty address', async () => {
    expect((await ask('GET', '/outbox?from=ops@acme.example')).body.detail).toContain('allowed are to')
    expect((await ask('GET', '/outbox?to=')).body.detail).toContain('allowed is an e-mail address')
  })

  test('is empty after DELETE, and after a reset', async () => {
    await mailOtis()
    expect((await ask('DELETE', '/outbox')).status).toBe(204)
    expect((await ask('GET', '/outbox')).body).toEqual({ messages: [] })
    await mailOtis()
    await panoptes.reset()
    expect((await ask('GET', '/outbox')).body).toEqual({ messages: [] })
  })
})

describe('the library', () => {
  test('reads and clears the outbox', async () => {
    await mailOtis()
    const [message] = await panoptes.outbox.list({ to: 'ops@acme.example' })
    expect(message?.sentAt).toBeInstanceOf(Date)
    expect(message?.text).toMatch(/^\d{6} is your code/)
    expect(await panoptes.outbox.list({ to: 'viewer@acme.example' })).toEqual([])
    await panoptes.outbox.clear()
    expect(await panoptes.outbox.list()).toEqual([])
  })
})
