/** What integrations send, over plain HTTP: the control API is judged by what they get for it. */

export interface OauthAnswer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for
  readonly body: any
}

export async function post(url: string, fields: Readonly<Record<string, string>>): Promise<OauthAnswer> {
  const answer = await fetch(url, { method: 'POST', body: new URLSearchParams(fields) })
  const text = await answer.text()
  return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) }
}

const tokenAt = (url: string): string => `${url}/v7/oauth2/token`

/** SD-WAN Manager asks for a code. */
export async function askForCode(
  url: string,
  scope = 'tests:manage offline_access',
): Promise<OauthAnswer['body']> {
  const fields = { client_id: 'sd-wan-manager', scope }
  return (await post(`${url}/v7/oauth2/device/authorization`, fields)).body
}

export const poll = (url: string, deviceCode: string): Promise<OauthAnswer> =>
  post(tokenAt(url), {
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    client_id: 'sd-wan-manager',
    device_code: deviceCode,
  })

export const refresh = (url: string, refreshToken: string): Promise<OauthAnswer> =>
  post(tokenAt(url), {
    grant_type: 'refresh_token',
    client_id: 'sd-wan-manager',
    refresh_token: refreshToken,
  })

/** RFC 7636 Appendix B. */
const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
const redirectUri = 'http://127.0.0.1:49152/callback'

/** Meraki's authorization request. */
export function merakiRequest(url: string, more: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: 'meraki',
    redirect_uri: redirectUri,
    scope: 'tests:manage offline_access',
    state: 'state-of-the-test',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...more,
  })
  return `${url}/oauth2/authorize?${query}`
}

export const exchange = (url: string, code: string): Promise<OauthAnswer> =>
  post(tokenAt(url), {
    grant_type: 'authorization_code',
    client_id: 'meraki',
    client_secret: 'meraki-secret',
    redirect_uri: redirectUri,
    code,
    code_verifier: verifier,
  })

/** A call of v7. */
export const call = (url: string, accessToken: string, path = '/v7/tests'): Promise<Response> =>
  fetch(`${url}${path}`, { headers: { authorization: `Bearer ${accessToken}` } })

/** Of a call, when nothing but that is asked. */
export async function statusOf(url: string, accessToken: string, path = '/v7/tests'): Promise<number> {
  const answer = await call(url, accessToken, path)
  await answer.body?.cancel()
  return answer.status
}
