import { type Profile, SAML, ValidateInResponseTo } from '@node-saml/node-saml'
import { AnswerRefused, type Departure, type IdentityProvider, type Proof } from './identity-provider.ts'
import { assertionProblem } from './saml-assertion.ts'
import type { SamlSettings } from './sso.ts'

export interface SamlParts {
  readonly settings: SamlSettings
  /** Who we are to the provider: the address of our metadata. */
  readonly entityId: URL
  /** Where the browser brings the provider's answer. */
  readonly acs: URL
  readonly randomBytes: (size: number) => Buffer
  /** The clock that node-saml reads by itself, epoch ms. */
  readonly now: () => number
}

const toleranceMs = 30_000
/** An assertion is taken for so long after it was issued, however long it says that it is good. */
const oldestMs = 300_000
const freshMs = 300_000

/** Where providers put the address, by their habits. */
const emailAttributes = [
  'email',
  'mail',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress',
  'urn:oid:0.9.2342.19200300.100.1.3',
]
const nameAttributes = ['displayName', 'name', 'urn:oid:2.16.840.1.113730.3.1.241']
const emailFormat = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress'
const transientFormat = 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient'

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined

function firstOf(
  attributes: Readonly<Record<string, unknown>>,
  names: readonly string[],
): string | undefined {
  return names.map((name) => textOf(attributes[name])).find((value) => value !== undefined)
}

/** What no honest provider sends: declarations that an XML parser might act on, and signatures over SHA-1. */
function refuseOutright(response: string): void {
  const xml = Buffer.from(response, 'base64').toString('utf8')
  if (/<!(?:DOCTYPE|ENTITY)/i.test(xml)) throw new AnswerRefused('the response declares a document type')
  if (/Algorithm\s*=\s*["'][^"']*(?:sha1|md5|hmac)/i.test(xml))
    throw new AnswerRefused('the response is signed by an algorithm that is not taken')
}

function proofOf(profile: Profile, issuer: string): Proof {
  const { nameID, nameIDFormat, attributes } = profile
  const all = (attributes ?? {}) as Readonly<Record<string, unknown>>
  if (textOf(nameID) === undefined || nameIDFormat === transientFormat)
    throw new AnswerRefused('the subject has no name that lasts')
  return {
    issuer,
    subject: nameID,
    email: firstOf(all, emailAttributes) ?? (nameIDFormat === emailFormat ? textOf(nameID) : undefined),
    isEmailVerified: undefined,
    name: firstOf(all, nameAttributes),
    claims: all,
    methods: [],
    logoutHint: '',
  }
}

/** A service provider (SAML 2.0 Profiles §4.1): request by redirect, answer by POST, begun by us alone. */
export function samlProvider(parts: SamlParts): IdentityProvider {
  const { settings, entityId, acs, randomBytes, now } = parts

  /** One for each round trip, which knows the id of its own request alone. */
  const spFor = (requestId: string, isFresh: boolean): SAML =>
    new SAML({
      callbackUrl: acs.href,
      entryPoint: settings.entryPoint,
      issuer: entityId.href,
      audience: entityId.href,
      idpIssuer: settings.issuer,
      idpCert: [...settings.certificates],
      identifierFormat: null,
      disableRequestedAuthnContext: true,
      forceAuthn: isFresh,
      wantAssertionsSigned: true,
      wantAuthnResponseSigned: false,
      acceptedClockSkewMs: toleranceMs,
      maxAssertionAgeMs: oldestMs,
      generateUniqueId: () => requestId,
      validateInResponseTo: ValidateInResponseTo.always,
      cacheProvider: {
        saveAsync: async (_, value) => ({ value, createdAt: now() }),
        getAsync: async (id) => (id === requestId ? new Date(now()).toISOString() : null),
        removeAsync: async () => null,
      },
    })

  async function profileFrom(response: string, requestId: string, isFresh: boolean): Promise<Profile> {
    refuseOutright(response)
    const answer = await spFor(requestId, isFresh).validatePostResponseAsync({ SAMLResponse: response })
    if (!answer.profile) throw new AnswerRefused('the response has no assertion')
    const problem = assertionProblem(answer.profile.getAssertion?.(), {
      requestId,
      recipient: acs.href,
      issuer: settings.issuer,
      now: now(),
      toleranceMs,
      freshMs: isFresh ? freshMs : undefined,
    })
    if (problem !== undefined) throw new AnswerRefused(problem)
    return answer.profile
  }

  return {
    async depart({ state, email, isFresh }: Departure) {
      // An id of XML begins with no digit.
      const requestId = `_${randomBytes(20).toString('hex')}`
      const additionalParams = { login_hint: email }
      const href = await spFor(requestId, isFresh).getAuthorizeUrlAsync(state, undefined, {
        additionalParams,
      })
      return { location: new URL(href), kept: { requestId } }
    },

    async prove(answer, { isFresh }, { requestId = '' }) {
      try {
        return proofOf(
          await profileFrom(answer.get('SAMLResponse') ?? '', requestId, isFresh),
          settings.issuer,
        )
      } catch (error) {
        if (error instanceof AnswerRefused) throw error
        const words = error instanceof Error ? error.message : String(error)
        throw new AnswerRefused(words, /^SAML provider returned/.test(words) ? 'cancelled' : 'answer-refused')
      }
    },

    // Single Logout is not spoken.
    logout: async () => undefined,
  }
}
