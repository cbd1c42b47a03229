/** A SAML 2.0 identity provider of tests: it signs what it is told to, with xml-crypto, which is not what checks us. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inflateRawSync } from 'node:zlib'
import { SignedXml } from 'xml-crypto'
import type { Page, Person } from '../support/person.ts'

interface Keys {
  readonly publicKey: string
  readonly privateKey: string
}

const pair = (): Keys =>
  generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
export const keys: Keys = pair()
export const strangerKeys: Keys = pair()

export const entityId = 'https://idp.example/entity'

/** A configuration whose rule for sso.example in US1 leads to this provider. @returns its path */
export function samlRuleFile(mode = 'forced', entryPoint = 'https://idp.example/saml?tenant=a'): string {
  const path = join(mkdtempSync(join(tmpdir(), 'panoptes-saml-')), 'rule.json')
  const saml = { issuer: entityId, entryPoint, certificates: [keys.publicKey] }
  const rule = {
    region: 'us1',
    organization: '110',
    domains: ['sso.example'],
    mode,
    name: 'Company SAML',
    saml,
  }
  writeFileSync(path, JSON.stringify({ sso: [rule] }))
  return path
}

/** What arrived at the provider with the browser. */
export interface Asked {
  readonly requestId: string
  readonly relayState: string
  readonly request: string
  /** Where the request wants the answer. */
  readonly acs: string
}

export function askedOf(location: URL): Asked {
  const packed = Buffer.from(location.searchParams.get('SAMLRequest') ?? '', 'base64')
  const request = inflateRawSync(packed).toString()
  return {
    request,
    relayState: location.searchParams.get('RelayState') ?? '',
    requestId: /\sID="([^"]*)"/.exec(request)?.[1] ?? '',
    acs: /AssertionConsumerServiceURL="([^"]*)"/.exec(request)?.[1] ?? '',
  }
}

const at = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString()

/** All that an assertion says; a test changes a part. */
export interface Said {
  readonly issuer: string
  readonly nameId: string
  readonly email: string
  readonly recipient: string
  readonly inResponseTo: string
  readonly responseInResponseTo: string
  readonly audience: string
  readonly notBefore: string
  readonly notOnOrAfter: string
  readonly issuedAt: string
  readonly authnInstant: string
  readonly method: string
  readonly format: string
}

export const honestly = ({ requestId, acs }: Asked): Said => ({
  issuer: entityId,
  nameId: 'subject-1',
  email: 'anyone@sso.example',
  recipient: acs,
  inResponseTo: requestId,
  responseInResponseTo: requestId,
  audience: acs.replace('/sso/acs', '/sso/metadata'),
  notBefore: at(-10),
  notOnOrAfter: at(120),
  issuedAt: at(0),
  authnInstant: at(-5),
  method: 'urn:oasis:names:tc:SAML:2.0:cm:bearer',
  format: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
})

export const assertionOf = (said: Said, id = '_assertion'): string =>
  `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="${id}" Version="2.0" IssueInstant="${said.issuedAt}">` +
  `<saml:Issuer>${said.issuer}</saml:Issuer>` +
  `<saml:Subject><saml:NameID Format="${said.format}">${said.nameId}</saml:NameID>` +
  `<saml:SubjectConfirmation Method="${said.method}"><saml:SubjectConfirmationData NotOnOrAfter="${said.notOnOrAfter}" Recipient="${said.recipient}" InResponseTo="${said.inResponseTo}"/></saml:SubjectConfirmation></saml:Subject>` +
  `<saml:Conditions NotBefore="${said.notBefore}" NotOnOrAfter="${said.notOnOrAfter}"><saml:AudienceRestriction><saml:Audience>${said.audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions>` +
  `<saml:AuthnStatement AuthnInstant="${said.authnInstant}"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>` +
  `<saml:AttributeStatement><saml:Attribute Name="email"><saml:AttributeValue>${said.email}</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>` +
  '</saml:Assertion>'

export const responseAround = (content: string, { responseInResponseTo, recipient }: Said): string =>
  `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_response" Version="2.0" IssueInstant="${at(0)}" Destination="${recipient}" InResponseTo="${responseInResponseTo}">` +
  `<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">${entityId}</saml:Issuer>` +
  `<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>${content}</samlp:Response>`

export interface Signer {
  readonly key?: string
  readonly signature?: string
  readonly digest?: string
}

/** Signs the element with that id, enveloped, as providers do. */
export function signed(
  xml: string,
  id = '_assertion',
  {
    key = keys.privateKey,
    signature = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    digest = 'http://www.w3.org/2001/04/xmlenc#sha256',
  }: Signer = {},
): string {
  const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#'
  const signing = new SignedXml({
    privateKey: key,
    signatureAlgorithm: signature,
    canonicalizationAlgorithm: exclusive,
  })
  const xpath = `//*[@ID="${id}"]`
  signing.addReference({
    xpath,
    digestAlgorithm: digest,
    transforms: ['http://www.w3.org/2000/09/xmldsig#enveloped-signature', exclusive],
  })
  signing.computeSignature(xml, {
    location: { reference: `${xpath}/*[local-name(.)="Issuer"]`, action: 'after' },
  })
  return signing.getSignedXml()
}

/** What an honest provider answers, signed. */
export const honestAnswer = (asked: Asked, change: Partial<Said> = {}): string => {
  const said = { ...honestly(asked), ...change }
  return signed(responseAround(assertionOf(said), said))
}

/** The provider's page posts to us: another site, so that the browser sends no cookie. @returns what we answer */
export const postAnswer = (acs: string, xml: string, relayState: string): Promise<Response> =>
  fetch(acs, {
    method: 'POST',
    body: new URLSearchParams({ SAMLResponse: Buffer.from(xml).toString('base64'), RelayState: relayState }),
    headers: { origin: 'https://idp.example', 'sec-fetch-site': 'cross-site' },
    redirect: 'manual',
    signal: AbortSignal.timeout(10_000),
  })

/** The whole way back: the form, and where it leads. */
export async function bringBack(person: Person, asked: Asked, xml: string): Promise<Page | string> {
  const answer = await postAnswer(asked.acs, xml, asked.relayState)
  const location = answer.headers.get('location')
  return location === null ? await answer.text() : person.open(new URL(location, asked.acs).href)
}
