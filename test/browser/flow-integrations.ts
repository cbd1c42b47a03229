/** The integrations' side of the flows in a browser: a web site of Meraki's own, and requests through openid-client. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as client from 'openid-client'
import { merakiAt } from '../flow/integrations.ts'
import type { RunningPanoptes } from '../support/panoptes.ts'

/** A web site on loopback, on an origin of its own. */
export interface Site extends AsyncDisposable {
  readonly origin: string
  /** The same site under the name that our own origin has, so that a browser takes both for one site. */
  readonly neighbour: string
}

/** Where `/callback` sends the browser on, or the HTML that all paths show. */
export interface SiteContent {
  readonly callbackGoesTo?: string
  readonly html?: string
}

/** Serves a site on a free loopback port until it is disposed of. */
export async function openSite({ callbackGoesTo, html }: SiteContent = {}): Promise<Site> {
  const server = createServer((request, response) => {
    const goesTo = request.url?.startsWith('/callback') ? callbackGoesTo : undefined
    response.writeHead(goesTo === undefined ? 200 : 302, {
      'Content-Type': 'text/html; charset=utf-8',
      ...(goesTo === undefined ? {} : { Location: goesTo }),
    })
    response.end(
      html ?? '<!doctype html><title>Arrived</title><link rel="icon" href="data:,"><h1>Arrived</h1>',
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    neighbour: `http://localhost:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export const merakiScope = 'organization:read agents:manage tests:manage offline_access openid email'

/** An authorization request of Meraki's on its way through a browser. */
export interface MerakiRequest {
  readonly href: string
  readonly state: string
  /** Exchanges the code of the URL at which the browser arrived. @throws an error with the protocol's `error` */
  exchange(arrivedAt: string): ReturnType<typeof client.authorizationCodeGrant>
}

/** @param extra further parameters, as `teRegion` */
export async function askAsMeraki(
  service: RunningPanoptes,
  redirectUri: string,
  extra: Readonly<Record<string, string>> = {},
): Promise<MerakiRequest> {
  const config = await merakiAt(service)
  const pkceCodeVerifier = client.randomPKCECodeVerifier()
  const state = client.randomState()
  const nonce = client.randomNonce()
  const request = client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: merakiScope,
    state,
    nonce,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    ...extra,
  })
  return {
    href: request.href,
    state,
    exchange: (arrivedAt) =>
      client.authorizationCodeGrant(config, new URL(arrivedAt), {
        pkceCodeVerifier,
        expectedState: state,
        expectedNonce: nonce,
        idTokenExpected: true,
      }),
  }
}

/** The status of a v7 read with a token. */
export async function readsAgents(service: RunningPanoptes, token: string): Promise<number> {
  const answer = await fetch(`${service.url}/v7/agents`, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(10_000),
  })
  await answer.arrayBuffer()
  return answer.status
}
