/** An authentication request (OpenID Connect Core §3.1.2.1) that may be answered. */
export interface AuthenticationRequest {
  readonly clientId: string
  readonly redirectUri: string
  readonly state: string
  readonly nonce: string
  /** RFC 7636 §4.3. */
  readonly challenge: string
  readonly loginHint: string
  /** Whether the person is to be asked, whoever is remembered. */
  readonly isFresh: boolean
}

/** @returns the request, or what is wrong with it. Nobody is redirected to an address that was not agreed on. */
export function parseRequest(
  query: URLSearchParams,
  allowed: { readonly clientId: string; readonly redirectUri: string },
): AuthenticationRequest | { readonly problem: string } {
  const names = [...query.keys()]
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) return { problem: `${twice} stands twice` }
  const of = (name: string): string => query.get(name) ?? ''
  const wrong = Object.entries({
    client_id: of('client_id') === allowed.clientId,
    redirect_uri: of('redirect_uri') === allowed.redirectUri,
    response_type: of('response_type') === 'code',
    scope: of('scope').split(' ').includes('openid'),
    state: of('state') !== '',
    nonce: of('nonce') !== '',
    code_challenge_method: of('code_challenge_method') === 'S256',
    code_challenge: /^[\w-]{43}$/.test(of('code_challenge')),
  }).find(([, isRight]) => !isRight)
  if (wrong) return { problem: `${wrong[0]} is missing or not what was agreed on` }
  return {
    ...{ clientId: of('client_id'), redirectUri: of('redirect_uri'), state: of('state'), nonce: of('nonce') },
    challenge: of('code_challenge'),
    loginHint: of('login_hint').trim().slice(0, 254),
    isFresh: of('prompt').split(' ').includes('login'),
  }
}
