/** The token endpoint (RFC 6749 §3.2): who asks, by which grant, and whether that grant is good. */
import { clientRules, parametersAreThere, parametersStandOnce } from './explanations-client.ts'
import { answers, never, type Rule } from './judge.ts'
import type { Facts } from './reading.ts'

const grantTypeRules: readonly Rule[] = [
  {
    rule: 'grant_type is one that is offered',
    words: 'authorization_code, device_code and refresh_token are.',
    source: 'RFC 6749 §5.2',
    refuses: (facts) =>
      facts.error === 'unsupported_grant_type' || answers('invalid_request', undefined, /grant_type/)(facts),
  },
  {
    rule: 'The client may use this grant type',
    words: 'As it is registered.',
    source: 'RFC 6749 §5.2',
    refuses: answers('unauthorized_client'),
  },
  {
    ...parametersStandOnce,
    refuses: (facts) => parametersStandOnce.refuses(facts) && !/grant_type/.test(facts.told),
  },
  {
    rule: 'scope is well formed',
    words: 'Words of visible characters with single spaces between them.',
    source: 'RFC 6749 §3.3',
    refuses: answers('invalid_scope', undefined, /invalid characters/),
  },
]

const userIsThere: Rule = {
  rule: 'The user is there and may sign in',
  words: 'A user who was removed or disabled gets no new tokens through old connections.',
  source: 'ours',
  refuses: answers('invalid_grant', /account not found|accountId mismatch/),
}

const grantIsAlive: Rule = {
  rule: 'The connection is alive',
  words: 'It was not revoked, and its absolute end is not reached.',
  source: 'RFC 6749 §5.2',
  refuses: answers('invalid_grant', /grant not found|grant is expired/),
}

const codeRules: readonly Rule[] = [
  parametersAreThere('code and redirect_uri are there', 'RFC 6749 §4.1.3'),
  {
    rule: 'The code is one of ours',
    words: 'It was issued here and its connection is there.',
    source: 'RFC 6749 §5.2',
    refuses: answers('invalid_grant', /code not found/),
  },
  {
    rule: 'It was issued to this client',
    words: 'A stolen code is of no use to another client.',
    source: 'RFC 6749 §4.1.3',
    refuses: answers('invalid_grant', /client mismatch/),
  },
  {
    rule: 'It has not expired',
    words: 'A code lives for a minute at most.',
    source: 'RFC 6749 §4.1.2',
    refuses: answers('invalid_grant', /code is expired/),
  },
  grantIsAlive,
  {
    rule: 'code_verifier is well formed',
    words: '43 to 128 unreserved characters.',
    source: 'RFC 7636 §4.1',
    refuses: answers('invalid_request', undefined, /code_verifier/),
  },
  {
    rule: 'code_verifier fits the challenge',
    words: 'Its SHA-256 is the code_challenge of the authorization request: only who asked can exchange.',
    source: 'RFC 7636 §4.6',
    refuses: answers('invalid_grant', /code_verifier|PKCE/),
  },
  {
    rule: 'redirect_uri is the one of the authorization request',
    words: 'Letter by letter.',
    source: 'RFC 6749 §4.1.3',
    refuses: answers('invalid_grant', /redirect_uri mismatch/),
  },
  {
    rule: 'It was not used before',
    words: 'A second use ends the connection with all that the first use got.',
    source: 'RFC 6749 §4.1.2',
    refuses: answers('invalid_grant', /already consumed/),
  },
  userIsThere,
]

const wasFetched = answers('invalid_grant', /device code already consumed/)

const deviceRules: readonly Rule[] = [
  parametersAreThere('device_code is there', 'RFC 8628 §3.4'),
  {
    rule: 'The device code is one of ours',
    words:
      'Nobody guesses it; unknown ones are counted per address all the same. One that expired long ago is unknown too.',
    source: 'RFC 8628 §3.5',
    refuses: (facts) =>
      answers('invalid_grant', /device code not found/)(facts) || facts.error === 'temporarily_unavailable',
  },
  {
    rule: 'It was issued to this client',
    words: 'Another client learns nothing of it.',
    source: 'RFC 8628 §3.4',
    refuses: answers('invalid_grant', /client mismatch/),
  },
  {
    rule: 'Its tokens were not fetched a moment ago',
    words: 'A parallel poll that comes just after them is a loser, not a thief: the connection stays.',
    source: 'ours',
    refuses: wasFetched,
  },
  {
    rule: 'It has not expired',
    words: 'It lives as long as expires_in said.',
    source: 'RFC 8628 §3.5',
    refuses: answers('expired_token'),
  },
  {
    rule: 'The device does not poll too fast',
    words:
      'Not before the interval has passed; each breach makes it five seconds longer. Once the person has decided, nobody waits.',
    source: 'RFC 8628 §3.5',
    refuses: answers('slow_down'),
  },
  {
    rule: 'The person has decided',
    words: 'Until then the device asks again.',
    source: 'RFC 8628 §3.5',
    refuses: answers('authorization_pending'),
  },
  {
    rule: 'Its tokens were not fetched before',
    words: 'They are handed out once; a second time ends the connection.',
    source: 'RFC 6749 §5.2',
    refuses: wasFetched,
  },
  {
    rule: 'The person said yes',
    words: 'By Confirm, on the page that shows the code again.',
    source: 'RFC 8628 §3.5',
    refuses: answers('access_denied'),
  },
  grantIsAlive,
  userIsThere,
]

const asksForScope = ({ parameter }: Facts): boolean => parameter('scope') !== undefined
const wasUsed = answers('invalid_grant', /already used/)

const refreshRules: readonly Rule[] = [
  parametersAreThere('refresh_token is there', 'RFC 6749 §6'),
  {
    rule: 'The refresh token is one of ours',
    words: 'It carries a MAC of ours, and its connection is there: a revoked one is not.',
    source: 'RFC 6749 §5.2',
    refuses: answers('invalid_grant', /refresh token not found/),
  },
  {
    rule: 'Sent again within the window, it asks for the same scope',
    words:
      'A retry after a lost answer gets the very same answer; another request with a spent token does not.',
    source: 'RFC 9700 §4.14.2',
    // Told in the same words as reuse; without a scope it is hardly ever this one.
    refuses: (facts) => wasUsed(facts) && asksForScope(facts),
  },
  {
    rule: 'It was issued to this client',
    words: 'A stolen token is of no use to another client.',
    source: 'RFC 6749 §6',
    refuses: answers('invalid_grant', /client mismatch/),
  },
  {
    rule: 'It has not expired',
    words: 'A refresh token that is not used for the idle span is dead.',
    source: 'RFC 6749 §5.2',
    refuses: answers('invalid_grant', /refresh token is expired/),
  },
  grantIsAlive,
  {
    rule: 'scope asks for no more than was granted',
    words: 'Less is allowed.',
    source: 'RFC 6749 §6',
    refuses: answers('invalid_scope', undefined, /refresh token missing/),
  },
  userIsThere,
  {
    rule: 'It was not used before',
    words:
      'Every refresh token works once. A spent one that comes again, but for a retry within the window, ends the connection: nobody can tell thief from owner.',
    source: 'RFC 9700 §4.14.2',
    refuses: wasUsed,
  },
]

const issued: Rule = {
  rule: 'Tokens are issued',
  words: 'Together with their record and the audit entry, in one commit, before the answer leaves.',
  source: 'RFC 6749 §5.1',
  refuses: never,
}

const byGrant: Readonly<Record<string, readonly Rule[]>> = {
  authorization_code: codeRules,
  'urn:ietf:params:oauth:grant-type:device_code': deviceRules,
  refresh_token: refreshRules,
}

/** @returns the rules of the token endpoint for the grant type that was asked with */
export function tokenRules({ parameter }: Facts): readonly Rule[] {
  const grantType = parameter('grant_type') ?? ''
  const ofGrant = Object.hasOwn(byGrant, grantType) ? (byGrant[grantType] ?? []) : []
  return [...clientRules, ...grantTypeRules, ...ofGrant, ...(ofGrant.length > 0 ? [issued] : [])]
}
