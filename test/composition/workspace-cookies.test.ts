import { describe, expect, test } from 'vitest'
import { startPanoptes } from '../../src/testing.ts'

/** As a browser does it: by name and path, whatever the port. */
function browser(): (url: string, init?: RequestInit) => Promise<Response> {
  const cookies = new Map<string, string>()
  return async (url, init = {}) => {
    const cookie = [...cookies.values()].join('; ')
    const response = await fetch(url, {
      ...init,
      redirect: 'manual',
      headers: { ...(init.headers as Record<string, string>), ...(cookie === '' ? {} : { cookie }) },
      signal: AbortSignal.timeout(10_000),
    })
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';', 1)
      cookies.set(pair.slice(0, pair.indexOf('=')), pair)
    }
    return response
  }
}

async function signIn(url: string, request: ReturnType<typeof browser>): Promise<void> {
  const page = await (await request(`${url}/account/sign-in`)).text()
  const csrf = /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? ''
  const body = new URLSearchParams({
    csrf,
    region: 'us1',
    email: 'ops@acme.example',
    password: 'panoptes-us1',
  })
  const headers = { origin: url, 'sec-fetch-site': 'same-origin' }
  const answer = await request(`${url}/account/sign-in`, { method: 'POST', body, headers })
  expect(answer.status).toBe(303)
}

describe('two workspaces in one browser', () => {
  test('signing in to one leaves the session of the other alone', async () => {
    await using panoptes = await startPanoptes()
    await using beside = await panoptes.workspaces.create('beside')
    const request = browser()
    await signIn(panoptes.url, request)
    await signIn(beside.url, request)
    for (const url of [panoptes.url, beside.url]) {
      const account = await request(`${url}/account`)
      expect(account.status).toBe(200)
      expect(await account.text()).toContain('ops@acme.example')
    }
  })
})
