import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'

let service: RunningPanoptes
beforeAll(async () => {
  service = await startPanoptes()
})
afterAll(() => service.stop())

/** A browser with the form in it, ready to send. @returns sends it, and gives the status of the answer */
async function atForm(email: string): Promise<() => Promise<number>> {
  const action = `${service.url}/account/sign-in`
  const page = await fetch(action)
  const cookie = page.headers.getSetCookie().map((line) => line.split(';')[0])
  const csrf = /name="csrf" value="([^"]+)"/.exec(await page.text())?.[1] ?? ''
  const body = new URLSearchParams({ csrf, region: 'us1', email, password: 'panoptes-us1' })
  const headers = { cookie: cookie.join('; ') }
  // Whoever sends so many waits: how long depends on the machine, and is nothing that a test can say.
  return async () => {
    const answer = await fetch(action, { method: 'POST', redirect: 'manual', headers, body })
    await answer.arrayBuffer()
    return answer.status
  }
}

describe('two hundred sign-ins at once from one address', () => {
  test('are all answered: right ones get in, of one user too, and wrong ones do not', {
    timeout: 90_000,
  }, async () => {
    const right = Array<string>(150).fill('admin@acme.example')
    const unknown = Array.from({ length: 50 }, (_, index) => `nobody-${index}@acme.example`)
    const send = await Promise.all([...right, ...unknown].map(atForm))
    const statuses = await Promise.all(send.map((one) => one()))
    expect(statuses).toEqual([...Array(150).fill(303), ...Array(50).fill(403)])
  })
})
