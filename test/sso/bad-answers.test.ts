import { createHmac, createSign, generateKeyPairSync } from 'node:crypto'
import { decodeJwt, UnsecuredJWT } from 'jose'
import { Events, type MutableResponse } from 'oauth2-mock-server'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RunningPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'
import {
  answerFor,
  type IndependentProvider,
  openProvider,
  personAtSignIn,
  signInBySso,
  startWith,
} from './independent-provider.ts'

let provider: IndependentProvider
let service: RunningPanoptes
beforeAll(async () => {
  provider = await openProvider()
  service = await startWith(provider)
})
afterAll(async () => {
  await service.stop()
  await provider.stop()
})

const honest = { sub: 'subject-1', email: 'anyone@sso.example', email_verified: true }
beforeEach(() => {
  provider.claims = honest
})

const nowSeconds = (): number => Math.floor(Date.now() / 1000)
const claim =
  (claims: Record<string, unknown>) =>
  (idp: IndependentProvider): void => {
    idp.claims = { ...honest, ...claims }
  }
const body =
  (change: (body: Record<string, unknown>) => Promise<object> | object) =>
  (idp: IndependentProvider): void => {
    idp.server.service.once(Events.BeforeResponse, (response: MutableResponse) => {
      response.body = change(response.body as Record<string, unknown>) as Record<string, unknown>
    })
  }

const { privateKey: strangerKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const signedByStranger = (token: unknown): string => {
  const [, payload = ''] = String(token).split('.')
  const header = Buffer.from(JSON.stringify({ alg: 'RS256', typ: 'JWT', kid: 'first' })).toString('base64url')
  const signature = createSign('RSA-SHA256').update(`${header}.${payload}`).sign(strangerKey, 'base64url')
  return `${header}.${payload}.${signature}`
}
const signedBySecret = (token: unknown): string => {
  const [, payload = ''] = String(token).split('.')
  const header = Buffer.from(JSON.stringify({ alg: 'HS256', typ: 'JWT' })).toString('base64url')
  const mac = createHmac('sha256', 'secret-of-panoptes').update(`${header}.${payload}`).digest('base64url')
  return `${header}.${payload}.${mac}`
}

/** What a spoiled answer is refused with: what the person reads, and what the log says. */
type Spoiled = readonly [
  name: string,
  spoil: (idp: IndependentProvider) => void,
  said: string,
  logged: RegExp | undefined,
]

const proves = 'does not prove that you are meant'

const tokens: readonly Spoiled[] = [
  [
    'signed by a stranger',
    body((all) => ({ ...all, id_token: signedByStranger(all['id_token']) })),
    proves,
    /signature/,
  ],
  [
    'signed with the client secret',
    body((all) => ({ ...all, id_token: signedBySecret(all['id_token']) })),
    proves,
    /alg/,
  ],
  [
    'without a signature',
    body((all) => ({ ...all, id_token: new UnsecuredJWT(decodeJwt(String(all['id_token']))).encode() })),
    proves,
    /alg|signature/i,
  ],
  ['that is no JWT', body((all) => ({ ...all, id_token: 'yes' })), proves, /JWT/],
  ['that is missing', body(({ id_token: _, ...rest }) => rest), proves, /id_token/],
  ['that expired', claim({ iat: nowSeconds() - 900, exp: nowSeconds() - 600 }), proves, /timestamp/],
  ['that is not valid yet', claim({ nbf: nowSeconds() + 900 }), proves, /timestamp/],
  ['for another audience', claim({ aud: 'somebody-else' }), proves, /claim value/],
  [
    'for several audiences, authorized for another',
    claim({ aud: ['panoptes', 'b'], azp: 'b' }),
    proves,
    /claim value/,
  ],
  ['of another issuer', claim({ iss: 'https://idp.example' }), proves, /claim value/],
  ['with another nonce', claim({ nonce: 'of-another-sign-in' }), proves, /claim value/],
  ['without a nonce', claim({ nonce: undefined }), proves, /nonce/],
  ['without a subject', claim({ sub: undefined }), proves, /sub/],
  ['with an empty subject', claim({ sub: '' }), proves, /subject/],
  ['with a blank subject', claim({ sub: ' \t' }), proves, /subject/],
  ['with a subject without end', claim({ sub: 'x'.repeat(256) }), proves, /subject/],
  [
    'whose address has a control character in it',
    claim({ email: 'any\u0000one@sso.example' }),
    'does not say your email address',
    undefined,
  ],
  [
    'whose address runs backwards',
    claim({ email: '\u202eanyone@sso.example' }),
    'does not say your email address',
    undefined,
  ],
  ['whose userinfo is about another subject', claim({ email: undefined }), proves, /sub/],
  [
    'without an address',
    claim({ sub: 'johndoe', email: undefined }),
    'does not say your email address',
    undefined,
  ],
  ['whose address is no address', claim({ email: 'anyone' }), 'does not say your email address', undefined],
  ['whose address is not verified', claim({ email_verified: false }), 'has not verified', undefined],
  [
    'whose address is not verified, in words',
    claim({ email_verified: 'false' }),
    'has not verified',
    undefined,
  ],
  [
    'of an address elsewhere',
    claim({ email: 'anyone@evil.example' }),
    'for which it does not speak',
    undefined,
  ],
  [
    'of a domain that only ends alike',
    claim({ email: 'x@sso.example.evil.example' }),
    'for which it does not speak',
    undefined,
  ],
  [
    'of two addresses in one',
    claim({ email: 'anyone@sso.example@evil.example' }),
    'does not say your email',
    undefined,
  ],
]

const isSignedIn = async (person: Person): Promise<boolean> =>
  (await person.open(`${service.url}/account`)).text.includes('Sign out')

describe('an id_token, OpenID Connect Core §3.1.3.7', () => {
  test.each(tokens)('%s signs nobody in', async (_, spoil, said, logged) => {
    spoil(provider)
    const person = await personAtSignIn(service)
    const logLines = service.log.length
    const text = await signInBySso(person)
    expect(text).toContain(said)
    expect(person.page?.status).toBe(403)
    expect(person.page?.text).toContain('Start again')
    const line = JSON.stringify(service.log.slice(logLines))
    if (logged) {
      expect(line).toMatch(logged)
      // What the person can tell an administrator finds the reason.
      const requestId = /Request id (\S+)/.exec(text)?.[1]
      expect(service.log.at(-1)).toMatchObject({ event: 'sso-refused', request: requestId })
    }
    if (!logged) expect(line).toBe('[]')
    expect(await isSignedIn(person)).toBe(false)
  })

  test('that is honest signs in, so that the others are refused for what was spoiled', async () => {
    const person = await personAtSignIn(service)
    expect(await signInBySso(person)).toContain('Confirm authorization')
  })
})

const changed =
  (change: (query: URLSearchParams) => void) =>
  (answer: URL): URL => {
    change(answer.searchParams)
    return answer
  }

const answeredWith = (error: string): ((answer: URL) => URL) =>
  changed((query) => {
    query.delete('code')
    query.set('error', error)
  })

const answers: readonly (readonly [string, (answer: URL) => URL, number, string])[] = [
  ['a made-up code', changed((query) => query.set('code', 'made-up')), 403, proves],
  ['no code', changed((query) => query.delete('code')), 403, proves],
  ['two codes', changed((query) => query.append('code', 'second')), 403, proves],
  [
    'the issuer of another provider',
    changed((query) => query.set('iss', 'https://idp.example')),
    403,
    proves,
  ],
  ['two states', changed((query) => query.append('state', 'second')), 403, proves],
  ['no state', changed((query) => query.delete('state')), 400, 'This sign-in is over'],
  ['a made-up state', changed((query) => query.set('state', 'made-up')), 400, 'This sign-in is over'],
  [
    'a very long state',
    changed((query) => query.set('state', 'x'.repeat(8_000))),
    400,
    'This sign-in is over',
  ],
  ['an error', answeredWith('access_denied'), 403, 'was not completed'],
  ['an error in markup', answeredWith('<b>x</b>'), 403, 'was not completed'],
]

describe('GET /sso/callback', () => {
  test.each(answers)('with %s signs nobody in', async (_, change, status, said) => {
    const person = await personAtSignIn(service)
    const page = await person.open(change(await answerFor(person)).href)
    expect({ status: page.status, text: page.text }).toEqual({ status, text: expect.stringContaining(said) })
    expect(page.html).not.toContain('<b>x</b>')
    expect(await isSignedIn(person)).toBe(false)
  })

  test('takes an answer once', async () => {
    const person = await personAtSignIn(service)
    const answer = await answerFor(person)
    await person.open(answer.href)
    const again = await person.request(answer.href)
    expect([again.status, again.text]).toEqual([400, expect.stringContaining('finished already')])
  })

  test('of two at once one signs in', async () => {
    const person = await personAtSignIn(service)
    const { href } = await answerFor(person)
    const pages = await Promise.all([person.request(href), person.request(href), person.request(href)])
    expect(pages.map(({ status }) => status).sort()).toEqual([303, 400, 400])
  })

  test('takes no answer of another browser, which uses nothing up (login CSRF, security-cases E09)', async () => {
    const [victim, attacker] = [new Person(), await personAtSignIn(service)]
    const answer = await answerFor(attacker)
    for (const one of [victim, await personAtSignIn(service)])
      expect((await one.open(answer.href)).text).toContain('began in another browser')
    expect(await isSignedIn(victim)).toBe(false)
    expect((await attacker.open(answer.href)).text).toContain('Confirm authorization')
  })

  test('takes no answer after ten minutes', async () => {
    const person = await personAtSignIn(service)
    const answer = await answerFor(person)
    service.advance(601)
    expect((await person.open(answer.href)).text).toContain('This sign-in is over')
  })

  test.each(['POST', 'PUT', 'DELETE'])('takes no %s', async (method) => {
    const answer = await fetch(`${service.url}/sso/callback`, { method, redirect: 'manual' })
    expect(answer.status).toBe(405)
  })

  test('leaves in the audit trail that a sign-in of the user failed', async () => {
    const failed = async (): Promise<number> => {
      service.advance(2) // the log is told up to the last second
      const answer = await fetch(`${service.url}/v7/audit-user-events?window=1h`, {
        headers: { authorization: 'Bearer f537f4ac-2921-3199-bbab-d5a43f1c2b60' },
      })
      const { auditEvents } = (await answer.json()) as { auditEvents: { event: string; user: string }[] }
      return auditEvents.filter(({ event, user }) => event === 'Login failed.' && user.includes('anyone'))
        .length
    }
    const before = await failed()
    provider.claims = { ...honest, email_verified: false }
    await signInBySso(await personAtSignIn(service))
    expect(await failed()).toBe(before + 1)
  })
})

describe('a ticket at the end of the way back', () => {
  /** Where the callback leads, before anybody goes there. */
  async function ticketFor(person: Person): Promise<string> {
    const page = await person.request((await answerFor(person)).href)
    return new URL(page.headers.get('location') ?? '', service.url).href
  }

  test('is good once', async () => {
    const person = await personAtSignIn(service)
    const ticket = await ticketFor(person)
    expect((await person.request(ticket)).status).toBe(303)
    expect((await person.request(ticket)).status).toBe(400)
  })

  test('is good for its own interaction alone', async () => {
    const person = await personAtSignIn(service)
    const ticket = await ticketFor(person)
    const other = await personAtSignIn(service)
    const foreign = new URL(ticket)
    foreign.pathname = new URL(other.page?.url ?? '').pathname.replace(/sign-in$/, 'sso')
    expect((await other.request(foreign.href)).status).toBe(400)
    expect((await new Person().request(ticket)).status).toBe(400)
    expect((await person.request(ticket)).status).toBe(303)
  })

  test('is good for nothing once the sessions of its user are ended', async () => {
    provider.claims = { sub: 'ops', email: 'ops@acme.example', email_verified: true }
    const person = await personAtSignIn(service, 'ops@acme.example')
    const ticket = await ticketFor(person)
    const reset = await fetch(`${service.operatorUrl}/operator/users/ops@acme.example/reset`, {
      method: 'POST',
      headers: { authorization: `Bearer ${service.operatorToken}` },
    })
    expect(reset.status).toBe(200)
    const page = await person.open(ticket)
    expect([page.status, page.text]).toEqual([400, expect.stringContaining('This sign-in is over')])
    expect(await isSignedIn(person)).toBe(false)
  })

  test('is good for a minute', async () => {
    const person = await personAtSignIn(service)
    const ticket = await ticketFor(person)
    service.advance(61)
    expect((await person.request(ticket)).status).toBe(400)
  })

  test.each(['', 'made-up', `${'x'.repeat(4_000)}`])(
    'that was never given opens nothing: %s',
    async (ticket) => {
      const person = await personAtSignIn(service)
      const path = new URL(person.page?.url ?? '').pathname.replace(/sign-in$/, 'sso')
      expect((await person.request(`${service.url}${path}?ticket=${ticket}`)).status).toBe(400)
    },
  )
})
