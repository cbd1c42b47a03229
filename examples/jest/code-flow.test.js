import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { startPanoptes } from 'panoptes/testing'

let panoptes
beforeAll(async () => {
  panoptes = await startPanoptes()
})
beforeEach(() => panoptes.reset())
afterAll(() => panoptes.stop())

// What your product does. Here it is Meraki in a few lines.
const redirectUri = 'http://127.0.0.1:8000/callback'

function authorizationRequest() {
  const verifier = randomBytes(32).toString('base64url')
  const url = new URL('/oauth2/authorize', panoptes.url)
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: 'meraki',
    redirect_uri: redirectUri,
    scope: 'tests:manage offline_access',
    state: randomBytes(8).toString('hex'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  })
  return { url, verifier }
}

async function exchange(code, verifier) {
  const answer = await fetch(`${panoptes.url}/v7/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: 'meraki',
      client_secret: 'meraki-secret',
      redirect_uri: redirectUri,
      code,
      code_verifier: verifier,
    }),
  })
  return answer.json()
}

async function getTests(token, attempts = 3) {
  const answer = await fetch(`${panoptes.url}/v7/tests`, { headers: { authorization: `Bearer ${token}` } })
  return answer.status === 503 && attempts > 1 ? getTests(token, attempts - 1) : answer
}

test('a code is exchanged for tokens, once', async () => {
  const { url, verifier } = authorizationRequest()
  const { code, state } = await panoptes.authorize(url, { user: 'ops@acme.example' })
  expect(state).toBe(url.searchParams.get('state'))
  expect(await exchange(code, verifier)).toMatchObject({ token_type: 'Bearer' })
  expect(await exchange(code, verifier)).toMatchObject({ error: 'invalid_grant' })
})

test('a code ends with its time', async () => {
  const { url, verifier } = authorizationRequest()
  const { code } = await panoptes.authorize(url, { user: 'ops@acme.example' })
  await panoptes.clock.advance('2m')
  expect(await exchange(code, verifier)).toMatchObject({ error: 'invalid_grant' })
})

test('a user who presses Logout connects nothing', async () => {
  const { url } = authorizationRequest()
  const answer = await panoptes.authorize(url, { user: 'ops@acme.example', choice: 'logout' })
  expect(answer).toMatchObject({ error: 'access_denied' })
})

test('maintenance that is soon over is survived', async () => {
  const tokens = await panoptes.tokens.mint({ integration: 'meraki', user: 'ops@acme.example' })
  const fault = await panoptes.faults.add({ on: 'getTests', maintenance: true, times: 2 })
  expect((await getTests(tokens.access_token)).status).toBe(200)
  expect(await panoptes.faults.get(fault.id)).toMatchObject({ seen: 3, hits: 2 })
})
