import { type Awaitable, whenKnown } from '#domain/awaitable.ts'
import type { Fidelity } from '#domain/fidelity.ts'
import { remembering } from '#domain/remembering.ts'
import { isActive, type User, type UserId } from '#domain/user.ts'
import type { Grants } from '#grants/grants.ts'
import { problemType } from '#http/problem.ts'
import type { Identity } from '#identity/identity.ts'
import type { UserApiTokens } from '#identity/user-api-tokens.ts'
import type { Integrations } from '#integrations/integrations.ts'
import type { Answer, Call, Caller, Check } from './call.ts'
import type { CountUnauthorized } from './source-block.ts'

export interface TokenReaders {
  readonly grants: Grants
  readonly userApiTokens: UserApiTokens
  readonly integrations: Pick<Integrations, 'find'>
  readonly identity: Pick<Identity, 'find'>
}

interface PresentedToken {
  readonly kind: 'access-token' | 'user-api-token'
  readonly value: string
}

/** The fixed forms of what we issue. Anything else is garbage, refused before the store is asked. */
const accessTokenForm = /^[\w-]{16}\.[\w-]{43}$/
/** Whether its MAC is ours is the affair of the grants, and asked before the store is. */
const apiTokenForm = /^panoptes_[\w-]{75}$/
const userApiTokenForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** RFC 9110 §11.4: the scheme in any case, then one or more spaces. @returns undefined for another scheme */
function credentialsOf(authorization: string): string | undefined {
  if (authorization.length < 7 || authorization.slice(0, 6).toLowerCase() !== 'bearer') return undefined
  if (authorization.charCodeAt(6) !== 32) return undefined
  return authorization.charCodeAt(7) === 32 ? authorization.slice(7).trimStart() : authorization.slice(7)
}

/** @returns undefined for another scheme, and for what has none of our forms */
function presentedToken(authorization: string): PresentedToken | undefined {
  const value = credentialsOf(authorization) ?? ''
  if (value.length === 60 && accessTokenForm.test(value)) return { kind: 'access-token', value }
  // A grant's own token too, only longer-lived: from here on it is one.
  if (value.length === 84 && apiTokenForm.test(value)) return { kind: 'access-token', value }
  return value.length === 36 && userApiTokenForm.test(value) ? { kind: 'user-api-token', value } : undefined
}

export interface UnauthorizedAnswers {
  readonly withoutToken: Answer
  readonly invalidToken: Answer
}

/**
 * The two bodies of a 401 are observed (thousandeyes-facts 6.2); the document has the second alone, as a problem. The challenges are ours: RFC 6750 §3 demands one and
 * RFC 9728 §5.1 puts the metadata into it, while no source records one on v7.
 */
export function unauthorizedAnswers(origin: string, fidelity: Fidelity = 'live'): UnauthorizedAnswers {
  const metadata = `resource_metadata="${origin}/.well-known/oauth-protected-resource"`
  const invalid = { error: 'invalid_token', error_description: 'Invalid access token' }
  const type = fidelity === 'live' ? 'application/json;charset=UTF-8' : problemType
  const missing = {
    errorMessage: '401 Not Authorized\nPlease ensure you are using the correct authentication token.',
  }
  return {
    withoutToken: {
      status: 401,
      headers: ['Content-Type', type, 'WWW-Authenticate', `Bearer ${metadata}`],
      body: JSON.stringify(fidelity === 'live' ? missing : invalid),
      code: 'no_token',
    },
    invalidToken: {
      status: 401,
      headers: [
        'Content-Type',
        type,
        'WWW-Authenticate',
        `Bearer error="${invalid.error}", error_description="${invalid.error_description}", ${metadata}`,
      ],
      body: JSON.stringify(invalid),
      code: 'invalid_token',
    },
  }
}

/** Nobody stands behind the token; `why` is for the log and for operators, never for the caller. */
interface Stranger {
  readonly kind: 'stranger'
  readonly why: string
}

const stranger = (why: string): Stranger => ({ kind: 'stranger', why })

const unknownToken = stranger('no live grant has this token')
const unknownUserApiToken = stranger('nobody has this User API Token')
const goneIntegration = stranger('the integration is gone')

function inactive(user: User | undefined): Stranger {
  if (!user) return stranger('the user is gone')
  return stranger(user.disabled ? 'the user is disabled' : 'the user is locked')
}

/** Finds who stands behind a token: everything in the chain must be alive now (security-cases G03). */
function callerFinder({ grants, userApiTokens, integrations, identity }: TokenReaders) {
  function whenActive(id: UserId, callerOf: (user: User) => Caller): Awaitable<Caller | Stranger> {
    const ifActive = (user: User | undefined): Caller | undefined =>
      user && isActive(user) ? callerOf(user) : undefined
    return whenKnown(
      identity.find(id, 'recent'),
      // Unlocked on another node just now, perhaps: nobody is refused by what may be old.
      (recent) =>
        ifActive(recent) ?? whenKnown(identity.find(id), (user) => ifActive(user) ?? inactive(user)),
    )
  }

  const ofAccessToken = (token: string): Awaitable<Caller | Stranger> =>
    whenKnown(grants.access(token), (access) => {
      if (!access) return unknownToken
      return whenKnown(integrations.find(access.clientId), (integration) =>
        integration
          ? whenActive(access.userId, (user) => ({ kind: 'integration', user, access, integration }))
          : goneIntegration,
      )
    })

  const ofUserApiToken = (token: string): Awaitable<Caller | Stranger> =>
    whenKnown(userApiTokens.ownerOf(token), (owner) =>
      owner ? whenActive(owner, (user) => ({ kind: 'user', user, token })) : unknownUserApiToken,
    )

  return { ofAccessToken, ofUserApiToken }
}

/**
 * Finds the caller by the token in the Authorization header, the only place where it may stand (OAuth 2.1 §5.2; query, body
 * and cookies are not looked at). Anonymous callers get 401 for every path, known or not.
 */
export function requireBearer(
  readers: TokenReaders,
  parts: { readonly origin: string; readonly fidelity: Fidelity; readonly count: CountUnauthorized },
): Check {
  const find = callerFinder(readers)
  const read = remembering(1_000, presentedToken)
  const { withoutToken, invalidToken } = unauthorizedAnswers(parts.origin, parts.fidelity)

  const identify = (call: Call, caller: Awaitable<Caller | Stranger>): Awaitable<Answer | undefined> =>
    whenKnown(caller, (found) => {
      if (found.kind === 'stranger') return parts.count(call, { ...invalidToken, note: found.why })
      call.caller = found
      if (found.kind === 'integration') readers.grants.noteUse(found.access.tag, call.address)
      return undefined
    })

  return (call) => {
    const { authorization = '' } = call.request.headers
    const token = read(authorization)
    if (!token)
      return parts.count(call, credentialsOf(authorization) === undefined ? withoutToken : invalidToken)
    const caller =
      token.kind === 'access-token' ? find.ofAccessToken(token.value) : find.ofUserApiToken(token.value)
    return identify(call, caller)
  }
}
