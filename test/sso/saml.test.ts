import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askForCode } from '../steps/requests.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'
import { personAtSignIn } from './independent-provider.ts'
import {
  type Asked,
  askedOf,
  assertionOf,
  bringBack,
  honestAnswer,
  honestly,
  postAnswer,
  responseAround,
  type Said,
  type Signer,
  samlRuleFile,
  signed,
  strangerKeys,
} from './saml-provider.ts'

let service: RunningPanoptes
beforeAll(async () => {
  service = await startPanoptes(['--config', samlRuleFile()])
})
afterAll(() => service.stop())

async function atProvider(): Promise<{ person: Person; asked: Asked }> {
  const person = await personAtSignIn(service)
  return { person, asked: askedOf(person.leavesTo) }
}

const textOf = (page: string | { text: string }): string => (typeof page === 'string' ? page : page.text)
const signedIn = 'Confirm authorization'
const proves = 'does not prove that you are meant'

/** What somebody at the sign-in page gets for an answer that is made of the request. */
async function answeredBy(make: (asked: Asked) => string): Promise<string> {
  const { person, asked } = await atProvider()
  const text = textOf(await bringBack(person, asked, make(asked)))
  const isIn = (await person.open(`${service.url}/account`)).text.includes('Sign out')
  expect(isIn).toBe(text.includes(signedIn))
  return text
}

describe('a sign-in by SAML 2.0, Profiles §4.1', () => {
  test('leads to the provider and back to confirm', async () => {
    const { person, asked } = await atProvider()
    expect(person.leavesTo.href).toMatch(/^https:\/\/idp\.example\/saml\?tenant=a&/)
    expect(asked.acs).toBe(`${service.url}/sso/acs`)
    expect(asked.request).toContain(`${service.url}/sso/metadata`)
    expect(textOf(await bringBack(person, asked, honestAnswer(asked)))).toContain(signedIn)
  })

  test('also where the whole response is signed around the signed assertion', async () => {
    expect(await answeredBy((asked) => signed(honestAnswer(asked), '_response'))).toContain(signedIn)
  })

  test('reaches the account page too', async () => {
    const person = new Person()
    await person.open(`${service.url}/account`)
    await person.press('Continue', { region: 'us1', email: 'anyone@sso.example' })
    const asked = askedOf(person.leavesTo)
    expect(textOf(await bringBack(person, asked, honestAnswer(asked)))).toContain('Sign out')
  })

  test('asks the provider to ask where a new sign-in is needed, and takes no old one for it', async () => {
    const { person, asked } = await atProvider()
    await bringBack(person, asked, honestAnswer(asked))
    const again = async (authnInstant?: string): Promise<string> => {
      await person.open(askForCode(service, { prompt: 'login' }).href)
      await person.press('Continue', { region: 'us1', email: 'anyone@sso.example' })
      const next = askedOf(person.leavesTo)
      expect(next.request).toContain('ForceAuthn="true"')
      return textOf(
        await bringBack(person, next, honestAnswer(next, authnInstant === undefined ? {} : { authnInstant })),
      )
    }
    expect(await again(new Date(Date.now() - 3_600_000).toISOString())).toContain(proves)
    expect(await again()).toContain(signedIn)
  })

  test('tells providers who we are', async () => {
    const answer = await fetch(`${service.url}/sso/metadata`)
    expect(answer.headers.get('content-type')).toContain('application/samlmetadata+xml')
    const text = await answer.text()
    expect(text).toContain(`entityID="${service.url}/sso/metadata"`)
    expect(text).toContain(`Location="${service.url}/sso/acs"`)
    expect(text).toContain('WantAssertionsSigned="true"')
  })
})

const past = (seconds: number): string => new Date(Date.now() - seconds * 1000).toISOString()
const future = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString()

const spoiled: readonly (readonly [string, Partial<Said>, string])[] = [
  ['of another issuer', { issuer: 'https://evil.example' }, proves],
  ['for another recipient', { recipient: 'https://other.example/sso/acs' }, proves],
  ['for another audience', { audience: 'https://other.example' }, proves],
  ['in answer to another request', { inResponseTo: '_another' }, proves],
  ['in a response to another request', { responseInResponseTo: '_another' }, proves],
  ['in answer to nothing', { inResponseTo: '', responseInResponseTo: '' }, proves],
  ['inside a response to this request, in answer to nothing', { inResponseTo: '' }, proves],
  ['that expired', { notBefore: past(600), notOnOrAfter: past(300), issuedAt: past(600) }, proves],
  ['that is not good yet', { notBefore: future(300), notOnOrAfter: future(600) }, proves],
  [
    'that was issued long ago and is good for a year',
    { issuedAt: past(3_600), notOnOrAfter: future(31_536_000) },
    proves,
  ],
  ['that is no bearer', { method: 'urn:oasis:names:tc:SAML:2.0:cm:sender-vouches' }, proves],
  [
    'whose subject has another name each time',
    { format: 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient' },
    proves,
  ],
  ['without a subject', { nameId: '' }, proves],
  ['without an address', { email: '' }, 'does not say your email address'],
  ['of an address elsewhere', { email: 'anyone@evil.example' }, 'for which it does not speak'],
  [
    'of somebody without a user',
    { nameId: 'newcomer', email: 'newcomer@sso.example' },
    'You have no user here',
  ],
]

describe('an assertion, Profiles §4.1.4.3', () => {
  test.each(spoiled)('%s signs nobody in', async (_, change, said) => {
    expect(await answeredBy((asked) => honestAnswer(asked, change))).toContain(said)
  })

  test('of which a comment hides the end counts to its end', async () => {
    const text = await answeredBy((asked) =>
      honestAnswer(asked, { email: 'anyone@sso.example<!-- -->.evil.example' }),
    )
    expect(text).toContain('for which it does not speak')
  })

  test('whose comment was put in after it was signed counts without it', async () => {
    const hide = (asked: Asked): string =>
      honestAnswer(asked, { email: 'anyone@sso.example.evil.example' }).replace(
        'example.evil',
        'example<!-- -->.evil',
      )
    expect(await answeredBy(hide)).toContain('for which it does not speak')
  })
})

const said = (asked: Asked, change: Partial<Said> = {}): Said => ({ ...honestly(asked), ...change })
/** The signed assertion of somebody who may sign in elsewhere, and one that was never signed. */
const evilOf = (asked: Asked): string =>
  assertionOf(said(asked, { nameId: 'evil', email: 'admin@sso.example' }), '_evil')
const genuineOf = (asked: Asked): string =>
  /<saml:Assertion.*<\/saml:Assertion>/s.exec(honestAnswer(asked))?.[0] ?? ''
const signatureOf = (xml: string): string => /<Signature.*<\/Signature>/s.exec(xml)?.[0] ?? ''
const withSigner = (asked: Asked, signer: Signer): string =>
  signed(responseAround(assertionOf(said(asked)), said(asked)), '_assertion', signer)

const sha1: Signer = {
  signature: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1',
  digest: 'http://www.w3.org/2000/09/xmldsig#sha1',
}

const attacks: readonly (readonly [string, (asked: Asked) => string])[] = [
  ['no signature', (asked) => responseAround(assertionOf(said(asked)), said(asked))],
  [
    'a signature around it alone',
    (asked) => signed(responseAround(assertionOf(said(asked)), said(asked)), '_response'),
  ],
  ['a signature of a stranger', (asked) => withSigner(asked, { key: strangerKeys.privateKey })],
  ['a signature over SHA-1', (asked) => withSigner(asked, sha1)],
  ['an address that was changed', (asked) => honestAnswer(asked).replace('anyone@sso', 'admin@sso')],
  [
    'the signature of another assertion',
    (asked) => {
      const genuine = genuineOf(asked)
      const evil = evilOf(asked).replace('</saml:Issuer>', `</saml:Issuer>${signatureOf(genuine)}`)
      return responseAround(evil, said(asked))
    },
  ],
  [
    'a second assertion before the signed one',
    (asked) => responseAround(evilOf(asked) + genuineOf(asked), said(asked)),
  ],
  [
    'a second assertion behind the signed one',
    (asked) => responseAround(genuineOf(asked) + evilOf(asked), said(asked)),
  ],
  [
    'the signed one inside of another',
    (asked) =>
      responseAround(
        evilOf(asked).replace('</saml:Assertion>', `${genuineOf(asked)}</saml:Assertion>`),
        said(asked),
      ),
  ],
  [
    'the signed one inside the signature of another',
    (asked) => {
      const genuine = genuineOf(asked)
      const wrapped = signatureOf(genuine).replace('</Signature>', `<Object>${genuine}</Object></Signature>`)
      return responseAround(evilOf(asked).replace('</saml:Issuer>', `</saml:Issuer>${wrapped}`), said(asked))
    },
  ],
  [
    'the signed one in an extension, and another of the same id',
    (asked) => {
      const extension = `<samlp:Extensions>${genuineOf(asked)}</samlp:Extensions>`
      const evil = evilOf(asked).replace('"_evil"', '"_assertion"')
      return responseAround(`${extension}${evil}`, said(asked))
    },
  ],
  ['a document type', (asked) => `<!DOCTYPE r [<!ENTITY e "x">]>${honestAnswer(asked)}`],
  ['a document that is not XML', () => 'not XML at all <'],
  ['an empty document', () => ''],
  ['a response without an assertion', (asked) => responseAround('', said(asked))],
  [
    'an encrypted assertion that nobody can read',
    (asked) =>
      responseAround(
        '<saml:EncryptedAssertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"/>',
        said(asked),
      ),
  ],
]

describe('POST /sso/acs, signatures', () => {
  test.each(attacks)('%s signs nobody in', async (_, make) => {
    const text = await answeredBy(make)
    expect(text).toContain(proves)
    expect(text).toContain('Start again')
  })

  test('a provider that says no is told apart', async () => {
    const denied = (asked: Asked): string =>
      responseAround('', said(asked)).replace('status:Success', 'status:Responder')
    expect(await answeredBy(denied)).toContain('was not completed')
  })
})

describe('POST /sso/acs, the way of the browser', () => {
  test('takes an answer once', async () => {
    const { asked } = await atProvider()
    const xml = honestAnswer(asked)
    const statuses = [
      await postAnswer(asked.acs, xml, asked.relayState),
      await postAnswer(asked.acs, xml, asked.relayState),
    ]
    expect(statuses.map(({ status }) => status)).toEqual([303, 400])
  })

  test('takes no assertion for the round trip of somebody else', async () => {
    const [first, second] = [await atProvider(), await atProvider()]
    const text = textOf(await bringBack(first.person, { ...first.asked }, honestAnswer(second.asked)))
    expect(text).toContain(proves)
  })

  test('signs no other browser in with a ticket that it brought about (login CSRF, security-cases E09)', async () => {
    const { person, asked } = await atProvider()
    const answer = await postAnswer(asked.acs, honestAnswer(asked), asked.relayState)
    const ticket = new URL(answer.headers.get('location') ?? '', service.url).href
    const victim = new Person()
    expect((await victim.request(ticket)).status).toBe(400)
    expect((await victim.open(`${service.url}/account`)).text).not.toContain('Sign out')
    expect((await person.open(ticket)).text).toContain(signedIn)
  })

  test.each([
    ['no RelayState', ''],
    ['a made-up RelayState', 'made-up'],
  ])('with %s is over', async (_, relayState) => {
    const { asked } = await atProvider()
    const answer = await postAnswer(asked.acs, honestAnswer(asked), relayState)
    expect([answer.status, await answer.text()]).toEqual([
      400,
      expect.stringContaining('This sign-in is over'),
    ])
  })

  test('takes no answer at the callback of the other protocol, which uses nothing up', async () => {
    const { person, asked } = await atProvider()
    const callback = await person.request(`${service.url}/sso/callback?state=${asked.relayState}&code=x`)
    expect(callback.status).toBe(400)
    expect(textOf(await bringBack(person, asked, honestAnswer(asked)))).toContain(signedIn)
  })

  test('leaves no assertion and no RelayState readable in the journal', async () => {
    const { person, asked } = await atProvider()
    const xml = honestAnswer(asked)
    await bringBack(person, asked, xml)
    const journal = await (await fetch(`${service.url}/emulator/journal?limit=500`)).text()
    expect(journal).toContain('/sso/acs')
    expect(journal).not.toContain(asked.relayState)
    expect(journal).not.toContain(Buffer.from(xml).toString('base64').slice(200, 260))
  })
})

describe('POST /sso/acs of a sign-in by OpenID Connect', () => {
  test('takes nothing', async () => {
    await using other = await startPanoptes()
    const person = new Person()
    await person.open(askForCode(other).href)
    const page = await person.press('Continue', { region: 'us1', email: 'anyone@sso.example' })
    const state = new URL(page.url).searchParams.get('state') ?? ''
    const answer = await postAnswer(`${other.url}/sso/acs`, '<Response/>', state)
    expect(answer.status).toBe(400)
    expect((await person.press('Sign in')).text).toContain(signedIn)
  })
})
