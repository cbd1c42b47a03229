/** The authorization endpoint (RFC 6749 §3.1), the way back to it, and device authorization (RFC 8628 §3.1). */
import { clientRules, parametersAreThere, parametersStandOnce } from './explanations-client.ts'
import { answers, never, type Rule, withStatus } from './judge.ts'
import { type Facts, redirectOf } from './reading.ts'

/** Told in words, or, where the refusal was a page of which nothing is kept, by the request itself. */
const isMissing =
  (name: string) =>
  ({ error, told, parameter }: Facts): boolean =>
    error === 'invalid_request' &&
    (told === ''
      ? parameter(name) === undefined
      : /missing required parameter/.test(told) && told.includes(name))

const noRequestObject: Rule = {
  rule: 'It carries no request object',
  words: 'request and request_uri are not supported, and nothing is fetched.',
  source: 'RFC 9101 §5',
  refuses: ({ error }) => error === 'request_not_supported' || error === 'request_uri_not_supported',
}

const scopeIsAllowed: Rule = {
  rule: 'The client may ask for these scopes',
  words: 'Nothing is silently left out.',
  source: 'RFC 6749 §3.3',
  refuses: answers('invalid_scope', undefined, /not allowed|invalid characters/),
}

const scopeExists: Rule = {
  rule: 'Some scope is asked for, and each word exists',
  words: 'A request without a scope, or with a word that nobody knows, is refused.',
  source: 'RFC 6749 §3.3',
  refuses: answers('invalid_scope', undefined, /is required|does not exist/),
}

export const authorizationRules: readonly Rule[] = [
  parametersStandOnce,
  noRequestObject,
  {
    rule: 'The client exists',
    words: 'Without a known client nobody is sent anywhere: the error is shown on a page.',
    source: 'RFC 6749 §4.1.2.1',
    refuses: (facts) => facts.error === 'invalid_client' || isMissing('client_id')(facts),
  },
  {
    rule: 'The answer may travel as asked',
    words: 'In the query of the redirect URI, the only response mode here.',
    source: 'RFC 9700 §2.1.2',
    refuses: (facts) =>
      facts.error === 'unsupported_response_mode' ||
      answers('invalid_request', undefined, /response_mode/)(facts),
  },
  {
    rule: 'response_type is code',
    words: 'Tokens never pass through the browser.',
    source: 'RFC 6749 §3.1.1',
    refuses: (facts) =>
      facts.error === 'unsupported_response_type' ||
      isMissing('response_type')(facts) ||
      answers('invalid_request', undefined, /response_type is not allowed/)(facts),
  },
  {
    rule: 'redirect_uri is there',
    words: 'Also where a client has registered one only.',
    source: 'RFC 6749 §3.1.2.3',
    refuses: isMissing('redirect_uri'),
  },
  {
    rule: 'prompt asks for what there is',
    words: 'none stands alone, and unknown values are refused.',
    source: 'OpenID Connect Core §3.1.2.1',
    refuses: answers('invalid_request', undefined, /prompt/),
  },
  scopeIsAllowed,
  {
    rule: 'redirect_uri is registered',
    words: 'Letter by letter; only the port of a loopback address is free. A foreign one is never followed.',
    source: 'RFC 9700 §2.1, RFC 8252 §7.3',
    refuses: answers('invalid_redirect_uri'),
  },
  {
    rule: 'It brings a PKCE challenge',
    words: 'S256, from every client: a stolen code is worth nothing without the verifier.',
    source: 'RFC 7636 §4.3, RFC 9700 §2.1.1',
    refuses: answers('invalid_request', undefined, /PKCE|code_challenge/),
  },
  scopeExists,
  {
    rule: 'The person may be asked',
    words: 'Confirm is shown on every request, so prompt=none cannot be answered.',
    source: 'OpenID Connect Core §3.1.2.6',
    refuses: ({ error }) =>
      error === 'login_required' || error === 'consent_required' || error === 'interaction_required',
  },
  {
    rule: 'The browser goes on to sign in and confirm',
    words: 'The request is kept here, sealed, and bound to this browser by a cookie.',
    source: 'RFC 6749 §4.1.1',
    refuses: never,
  },
]

const requestIsKept: Rule = {
  rule: 'The request is kept, and is this browser’s',
  words: 'Path and cookie name the same request; what else stands in the query is not looked at.',
  source: 'RFC 9700 §4.7',
  refuses: withStatus(400, 404),
}

const nextStep: readonly Rule[] = [
  requestIsKept,
  {
    rule: 'The browser goes on to the next step',
    words: 'Confirm comes after sign-in, on every request; nothing is decided yet.',
    source: 'RFC 6749 §3.1',
    refuses: never,
  },
]

const decision: readonly Rule[] = [
  requestIsKept,
  {
    rule: 'The person said yes',
    words: 'Logout on the confirm page answers access_denied, and ends the browser session.',
    source: 'RFC 6749 §4.1.2.1',
    refuses: answers('access_denied'),
  },
  {
    rule: 'A code is issued to the redirect URI',
    words: 'It works once and for a minute, and comes with the client’s state and our iss.',
    source: 'RFC 6749 §4.1.2, RFC 9207 §2',
    refuses: never,
  },
]

/** Back from the steps, at `/oauth2/authorize/UID`: to the next one, or to the client with what was decided. */
export const resumeRules = ({ exchange }: Facts): readonly Rule[] =>
  redirectOf(exchange)?.pathname.startsWith('/interaction/') ? nextStep : decision

const [noBasic, ...identity] = clientRules

export const deviceAuthorizationRules: readonly Rule[] = [
  ...(noBasic ? [noBasic] : []),
  {
    rule: 'This address does not ask too often',
    words: '240 device authorizations in a minute; off with --limits off.',
    source: 'ours',
    refuses: (facts) => facts.status === 429 && /device authorizations/.test(facts.told),
  },
  ...identity,
  parametersStandOnce,
  noRequestObject,
  {
    rule: 'The client may use the device grant',
    words: 'As it is registered.',
    source: 'RFC 8628 §3.1',
    refuses: answers('unauthorized_client'),
  },
  scopeIsAllowed,
  scopeExists,
  {
    rule: 'A device code and a user code are made',
    words: 'The device keeps the first to itself and shows the second, with the address and the interval.',
    source: 'RFC 8628 §3.2',
    refuses: never,
  },
]

/** RFC 7009. A token that is unknown here is answered as one that was revoked. */
export const revocationRules: readonly Rule[] = [
  ...clientRules,
  parametersStandOnce,
  parametersAreThere('token is there', 'RFC 7009 §2.1'),
  {
    rule: 'It was issued to this client',
    words: 'Another client that has proven who it is hears that it was not; a public one hears nothing.',
    source: 'RFC 7009 §2.1',
    refuses: answers('invalid_request', undefined, /not issued to this client/),
    isSilent: true,
  },
  {
    rule: 'The connection ends with all of its tokens',
    words: 'Before the answer leaves. For a token that is not known the answer is the same.',
    source: 'RFC 7009 §2.2',
    refuses: never,
    isSilent: true,
  },
]

const isInactive = ({ error }: Facts): boolean => error === 'inactive'

/** RFC 7662. */
export const introspectionRules: readonly Rule[] = [
  ...clientRules,
  parametersStandOnce,
  parametersAreThere('token is there', 'RFC 7662 §2.1'),
  {
    rule: 'The token and its connection are alive',
    words: 'Issued here, not expired, not revoked.',
    source: 'RFC 7662 §2.2',
    refuses: isInactive,
  },
  {
    rule: 'The client may know of it',
    words: 'A configured resource server, of access tokens alone, while their client and user are there.',
    source: 'RFC 7662 §4',
    refuses: isInactive,
  },
]
