import * as oauth from 'oauth4webapi'
import * as client from 'openid-client'
import { describe, expect, test } from 'vitest'
import { startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'
import { admin, connect, meraki, merakiAt, strictClient, type Tokens } from './integrations.ts'
import { callV7 } from './v7.ts'

const redirectUri = 'http://127.0.0.1:49152/callback'

describe('Meraki, authorization code with a client secret in the body', () => {
  test('signs in, confirms, calls v7, creates a test, refreshes and logs out', async () => {
    await using service = await startPanoptes()
    const config = await merakiAt(service)
    const verifier = client.randomPKCECodeVerifier()
    const state = client.randomState()
    const nonce = client.randomNonce()
    const request = client.buildAuthorizationUrl(config, {
      redirect_uri: redirectUri,
      scope: meraki.scope,
      state,
      nonce,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    })
    const person = new Person()
    await person.open(request.href)
    await person.signIn(admin.email, admin.password)
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

    const groups = await callV7(service, tokens.access_token, '/v7/account-groups')
    expect(groups).toMatchObject({
      status: 200,
      body: { accountGroups: [{ aid: '1101', accountGroupName: 'Acme HQ' }, { aid: '1102' }] },
    })
    const agents = await callV7<{ agents: { agentId: string; agentName: string }[] }>(
      service,
      tokens.access_token,
      '/v7/agents',
    )
    const json = {
      testName: 'Dashboard reachability',
      url: 'https://dashboard.example',
      interval: 120,
      agents: agents.body.agents.slice(0, 2).map(({ agentId }) => ({ agentId })),
    }
    const created = await callV7<{ testId: string; _links: { self: { href: string } } }>(
      service,
      tokens.access_token,
      '/v7/tests/http-server',
      { method: 'POST', json },
    )
    expect(created).toMatchObject({
      status: 201,
      body: { testName: json.testName, url: json.url, interval: 120 },
    })
    const self = new URL(created.body._links.self.href)
    expect(self.origin).toBe(service.url)
    const read = await callV7(service, tokens.access_token, self.pathname)
    expect(read).toMatchObject({
      status: 200,
      body: { testId: created.body.testId, testName: json.testName },
    })

    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token ?? '')
    expect(refreshed.refresh_token).not.toBe(tokens.refresh_token)
    expect((await callV7(service, refreshed.access_token, '/v7/agents')).status).toBe(200)
    await client.tokenRevocation(config, refreshed.refresh_token ?? '')
    expect((await callV7(service, refreshed.access_token, '/v7/agents')).status).toBe(401)
    await expect(client.refreshTokenGrant(config, refreshed.refresh_token ?? '')).rejects.toMatchObject({
      error: 'invalid_grant',
    })
  })

  test('logs out by RP-initiated logout and comes back with its state', async () => {
    await using service = await startPanoptes()
    const config = await merakiAt(service)
    const person = new Person()
    const tokens = await connect(service, meraki, { person })
    const logout = client.buildEndSessionUrl(config, {
      id_token_hint: tokens.id_token ?? '',
      post_logout_redirect_uri: 'http://127.0.0.1:49152/signed-out',
      state: 'after logout',
    })
    await person.open(logout.href)
    expect(person.page?.text).toContain('Meraki asks to sign you out')
    expect((await callV7(service, tokens.access_token, '/v7/agents')).status).toBe(200)
    await person.press('Sign out')
    expect(person.leavesTo.href).toBe('http://127.0.0.1:49152/signed-out?state=after+logout')
    expect((await callV7(service, tokens.access_token, '/v7/agents')).status).toBe(401)
    await expect(meraki.refresh(service, tokens.refresh_token)).rejects.toMatchObject({
      error: 'invalid_grant',
    })
  })

  test('passes the stricter reading of oauth4webapi: iss, content types, no-store, signature of the id_token', async () => {
    await using service = await startPanoptes()
    const {
      server,
      client: rp,
      authentication,
      plain,
    } = await strictClient(service, 'meraki', oauth.ClientSecretPost('meraki-secret'))
    const verifier = oauth.generateRandomCodeVerifier()
    const state = oauth.generateRandomState()
    const expectedNonce = oauth.generateRandomNonce()
    const request = new URL(server.authorization_endpoint ?? '')
    request.search = new URLSearchParams({
      client_id: rp.client_id,
      response_type: 'code',
      redirect_uri: redirectUri,
      scope: meraki.scope,
      state,
      nonce: expectedNonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    }).toString()
    const person = new Person()
    await person.open(request.href)
    await person.signIn(admin.email, admin.password)
    await person.press('Confirm')
    const parameters = oauth.validateAuthResponse(server, rp, person.leavesTo, state)
    const answer = await oauth.authorizationCodeGrantRequest(
      server,
      rp,
      authentication,
      parameters,
      redirectUri,
      verifier,
      plain,
    )
    expect(answer.headers.get('cache-control')).toContain('no-store')
    const tokens = await oauth.processAuthorizationCodeResponse(server, rp, answer, {
      expectedNonce,
      requireIdToken: true,
    })
    await oauth.validateApplicationLevelSignature(server, answer, plain)
    const { sub = '' } = oauth.getValidatedIdTokenClaims(tokens) ?? {}
    const userinfo = await oauth.userInfoRequest(server, rp, tokens.access_token, plain)
    expect(await oauth.processUserInfoResponse(server, rp, sub, userinfo)).toMatchObject({
      email: admin.email,
    })
    const refresh = await oauth.refreshTokenGrantRequest(
      server,
      rp,
      authentication,
      (tokens as Tokens).refresh_token,
      plain,
    )
    expect(await oauth.processRefreshTokenResponse(server, rp, refresh)).toMatchObject({ expires_in: 300 })
    const revocation = await oauth.revocationRequest(server, rp, authentication, tokens.access_token, plain)
    await oauth.processRevocationResponse(revocation)
    expect((await callV7(service, tokens.access_token, '/v7/agents')).status).toBe(401)
  })
})
