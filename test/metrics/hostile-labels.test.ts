import { expect, test } from 'vitest'
import { postForm } from '../support/device.ts'
import { startPanoptes } from '../support/panoptes.ts'
import { scrape } from '../support/scrape.ts'

/** What callers choose themselves, and would like to see again. */
const words = Array.from({ length: 60 }, (_, index) =>
  index % 2 === 0 ? `hostile-${index}` : `hostile-${index}"\\\n{le="1"}`,
)
const encoded = words.map((word) => encodeURIComponent(word))
const userApiToken = 'f537f4ac-2921-3199-bbab-d5a43f1c2b60'

test('paths, methods, clients, grant types, scopes, names and answers of callers make no series of their own', async () => {
  await using service = await startPanoptes(['--limits', 'off'])
  const send = async (path: string, init: RequestInit = {}): Promise<void> => {
    await (await fetch(`${service.url}${path}`, { redirect: 'manual', ...init })).arrayBuffer()
  }
  const round = async (some: readonly string[]): Promise<void> => {
    for (const word of some) {
      const headers = { authorization: `Bearer ${userApiToken}` }
      await send(`/v7/${word}`, { headers })
      await send(`/v7/tests/${word}?aid=${word}`, { headers })
      await send(`/v7/tests?${word}=${word}`, { headers: { authorization: `Bearer ${word}` } })
      await send(`/${word}`)
      await send(`/interaction/${word}`)
      await send(`/account/${word}`)
      await send(`/v7/oauth2/${word}`, { method: 'POST' })
      await send(`/oauth2/authorize?client_id=${word}&scope=${word}&response_type=${word}&error=${word}`)
      await send('/v7/tests', { headers, method: `M${word.replace(/\W/g, '').slice(0, 12)}` })
      const token = `${service.url}/v7/oauth2/token`
      await postForm(token, { grant_type: word, client_id: word })
      await postForm(token, { grant_type: 'refresh_token', client_id: word, refresh_token: word })
      await postForm(token, { grant_type: word, client_id: 'meraki', client_secret: 'meraki-secret' })
      await postForm(`${service.url}/v7/oauth2/device/authorization`, { client_id: word, scope: word })
    }
  }
  const series = async (): Promise<readonly string[]> =>
    (await scrape(service)).samples
      .filter(({ name }) => name.startsWith('panoptes_'))
      .map(({ name, labels }) => `${name} ${JSON.stringify(labels)}`)
  // The first ones bring every kind of answer that there is, guards that are used up included; the others may bring none more.
  await round(encoded.slice(0, 40))
  const few = await series()
  await round(encoded.slice(40))
  const many = await series()
  expect(many.toSorted()).toEqual(few.toSorted())
  expect(many.length).toBeGreaterThan(100)
  expect(many.filter((one) => one.includes('hostile'))).toEqual([])
})

test('clients that registered themselves are one integration', async () => {
  await using service = await startPanoptes(['--limits', 'off'])
  for (let count = 0; count < 5; count += 1) {
    const answer = await fetch(`${service.url}/v7/oauth2/clients`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        client_name: `Client ${count}`,
        grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
        redirect_uris: [],
        response_types: [],
        token_endpoint_auth_method: 'none',
        application_type: 'native',
      }),
    })
    const { client_id: clientId } = (await answer.json()) as { readonly client_id: string }
    expect(answer.status).toBe(201)
    const minted = await fetch(`${service.url}/emulator/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ integration: clientId, user: 'admin@acme.example', region: 'us1' }),
    })
    const { access_token: token } = (await minted.json()) as { readonly access_token: string }
    await (
      await fetch(`${service.url}/v7/agents`, { headers: { authorization: `Bearer ${token}` } })
    ).arrayBuffer()
  }
  const { samples } = await scrape(service)
  const calls = samples.filter(({ name }) => name === 'panoptes_gateway_calls_total')
  expect(calls.map(({ labels, value }) => [labels['integration'], value])).toEqual([['registered', 5]])
})
