/**
 * What the profile of web single sign-on asks of a signed assertion beside its signature, times and audience (SAML 2.0 Profiles
 * §4.1.4.3): node-saml takes some of it from the unsigned response around it, or where it is there at all.
 */

/** An element of an assertion as node-saml parses what the signature covers: attributes under `$`, text under `_`. */
type Element = Readonly<Record<string, unknown>>

const isElement = (value: unknown): value is Element => typeof value === 'object' && value !== null

const children = (element: Element | undefined, name: string): readonly Element[] => {
  const found = element?.[name]
  return Array.isArray(found) ? found.filter(isElement) : []
}

function attribute(element: Element | undefined, name: string): string {
  const attributes = element?.['$']
  const value = isElement(attributes) ? attributes[name] : undefined
  return typeof value === 'string' ? value : ''
}

export interface Expected {
  /** The id of our request. */
  readonly requestId: string
  /** Where assertions are taken: the only recipient. */
  readonly recipient: string
  /** The entity id of the provider. */
  readonly issuer: string
  /** Epoch ms. */
  readonly now: number
  readonly toleranceMs: number
  /** How long ago the person was asked at most; undefined where that does not matter. */
  readonly freshMs: number | undefined
}

const bearer = 'urn:oasis:names:tc:SAML:2.0:cm:bearer'

/** The bearer confirmation must be for us, for this request and still good; all of it inside what was signed. */
function isConfirmed(confirmation: Element, { requestId, recipient, now, toleranceMs }: Expected): boolean {
  const [content] = children(confirmation, 'SubjectConfirmationData')
  const until = Date.parse(attribute(content, 'NotOnOrAfter'))
  return (
    attribute(confirmation, 'Method') === bearer &&
    attribute(content, 'Recipient') === recipient &&
    attribute(content, 'InResponseTo') === requestId &&
    Number.isFinite(until) &&
    now < until + toleranceMs
  )
}

function isFresh(statement: Element, { freshMs, now, toleranceMs }: Expected): boolean {
  const at = Date.parse(attribute(statement, 'AuthnInstant'))
  return freshMs === undefined || (Number.isFinite(at) && now - at <= freshMs + toleranceMs)
}

/** @returns what is wrong with the assertion, or undefined when it says all that it must */
export function assertionProblem(parsed: unknown, expected: Expected): string | undefined {
  const assertion = isElement(parsed) && isElement(parsed['Assertion']) ? parsed['Assertion'] : undefined
  const [issuer, ...moreIssuers] = children(assertion, 'Issuer')
  if (issuer?.['_'] !== expected.issuer || moreIssuers.length > 0) return 'the assertion is of another issuer'
  const confirmations = children(children(assertion, 'Subject')[0], 'SubjectConfirmation')
  if (!confirmations.some((confirmation) => isConfirmed(confirmation, expected)))
    return 'no confirmation of the subject is for us, for this request and still good'
  const restrictions = children(children(assertion, 'Conditions')[0], 'AudienceRestriction')
  if (restrictions.length === 0) return 'the assertion has no audience'
  const statements = children(assertion, 'AuthnStatement')
  if (statements.length === 0) return 'the assertion does not say that somebody signed in'
  return statements.every((statement) => isFresh(statement, expected))
    ? undefined
    : 'the person was asked too long ago'
}
