import { startPanoptes } from 'panoptes/testing'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'

let panoptes
beforeAll(async () => {
  panoptes = await startPanoptes()
})
beforeEach(() => panoptes.reset())
afterAll(() => panoptes.stop())

// What your product does. Here it is SD-WAN Manager in a few lines.
async function post(path, fields) {
  const answer = await fetch(`${panoptes.url}${path}`, { method: 'POST', body: new URLSearchParams(fields) })
  return answer.json()
}
const client = { client_id: 'sd-wan-manager' }
const askForCode = () =>
  post('/v7/oauth2/device/authorization', { ...client, scope: 'tests:manage offline_access' })
const poll = (device) =>
  post('/v7/oauth2/token', {
    ...client,
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code: device.device_code,
  })
const refresh = (token) =>
  post('/v7/oauth2/token', { ...client, grant_type: 'refresh_token', refresh_token: token })
const getTests = (token) =>
  fetch(`${panoptes.url}/v7/tests`, { headers: { authorization: `Bearer ${token}` } })

test('a device gets tokens once its user has approved, and new ones when they end', async () => {
  const device = await askForCode()
  expect(await poll(device)).toMatchObject({ error: 'authorization_pending' })

  await panoptes.device.approve(device.user_code, { user: 'ops@acme.example' })
  await panoptes.clock.advance(device.interval)
  const tokens = await poll(device)
  expect((await getTests(tokens.access_token)).status).toBe(200)

  await panoptes.clock.advance(tokens.expires_in)
  expect((await getTests(tokens.access_token)).status).toBe(401)
  const fresh = await refresh(tokens.refresh_token)
  expect((await getTests(fresh.access_token)).status).toBe(200)

  await panoptes.journal.expect({ name: 'token', status: 200, clientId: 'sd-wan-manager' }, { times: 2 })
  await panoptes.journal.expect({ name: 'getTests', status: 401 }, { times: 1 })
})

test('a refresh token that was used before ends the connection', async () => {
  const tokens = await panoptes.tokens.mint({ integration: 'sd-wan-manager', user: 'ops@acme.example' })
  await panoptes.tokens.markUsed(tokens.refresh_token)
  expect(await refresh(tokens.refresh_token)).toMatchObject({ error: 'invalid_grant' })
  expect((await getTests(tokens.access_token)).status).toBe(401)
})
