import * as client from 'openid-client'
import { describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'

const redirectUri = 'http://127.0.0.1:49152/callback'
const scope = 'organization:read agents:manage tests:manage offline_access openid email'

async function discover(service: RunningPanoptes): Promise<client.Configuration> {
  return client.discovery(
    new URL(service.url),
    'meraki',
    { id_token_signed_response_alg: 'ES256' },
    client.ClientSecretPost('meraki-secret'),
    {
      algorithm: 'oauth2',
      execute: [client.allowInsecureRequests],
    },
  )
}

describe('Meraki, authorization code with a client secret in the body', () => {
  test('signs in, confirms, calls v7, refreshes and logs out', async () => {
    await using service = await startPanoptes()
    const config = await discover(service)
    const verifier = client.randomPKCECodeVerifier()
    const state = client.randomState()
    const nonce = client.randomNonce()
    const request = client.buildAuthorizationUrl(config, {
      redirect_uri: redirectUri,
      scope,
      state,
      nonce,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    })
    const person = new Person()
    await person.open(request.href)
    await person.signIn('admin@acme.example', 'panoptes-us1')
    expect(person.page?.text).toContain('US1')
    await person.press('Confirm')
    const tokens = await client.authorizationCodeGrant(config, person.leavesTo, {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    })
    expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: 300 })
    expect(tokens.claims()).toMatchObject({ iss: service.url, aud: 'meraki' })
    const call = (path: string, token: string): Promise<Response> =>
      fetch(`${service.url}${path}`, { headers: { authorization: `Bearer ${token}` } })
    const groups = await call('/v7/account-groups', tokens.access_token)
    expect(groups.status).toBe(200)
    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token ?? '')
    expect(refreshed.refresh_token).not.toBe(tokens.refresh_token)
    expect((await call('/v7/agents', refreshed.access_token)).status).toBe(200)
    await client.tokenRevocation(config, refreshed.refresh_token ?? '')
    expect((await call('/v7/agents', refreshed.access_token)).status).toBe(401)
    await expect(client.refreshTokenGrant(config, refreshed.refresh_token ?? '')).rejects.toMatchObject({
      error: 'invalid_grant',
    })
  })
})
