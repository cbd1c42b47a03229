import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askForCode, post } from '../steps/requests.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'

const found = (pattern: RegExp, text = ''): string => pattern.exec(text)?.[1] ?? ''

/** The hidden fields of the page that the person sees. */
const fieldsOf = ({ page }: Person): ((name: string) => string) => {
  const html = page?.html
  return (name) => found(new RegExp(`name="${name}" value="([^"]*)"`), html).replaceAll('&amp;', '&')
}

describe('single sign-on by the demo provider, as the emulator starts', () => {
  let service: RunningPanoptes
  beforeAll(async () => {
    service = await startPanoptes()
  })
  afterAll(() => service.stop())

  test('leads anyone@sso.example straight there and back, signed in', async () => {
    const person = new Person()
    await person.open(askForCode(service).href)
    const there = await person.press('Continue', { region: 'default', email: 'anyone@sso.example' })
    expect(there.url).toContain(`${service.url}/demo-provider/authorize?`)
    expect(there.text).toContain('Cisco login page (demo)')
    const back = await person.press('Sign in')
    expect(back.text).toContain('Confirm authorization')
    expect(back.text).toContain('anyone@sso.example')
    expect(service.log).toEqual([])
  })

  test('shows whoever has no user here that nobody is created by default', async () => {
    const person = new Person()
    await person.open(`${service.url}/account`)
    await person.press('Continue', { region: 'us1', email: 'newcomer@sso.example' })
    await person.press('Sign in')
    expect(person.page?.text).toContain('You have no user here')
  })

  test.each([
    ['client_id', 'meraki'],
    ['redirect_uri', 'https://evil.example/'],
    ['response_type', 'token'],
    ['code_challenge_method', 'plain'],
    ['code_challenge', 'short'],
    ['scope', 'email'],
    ['nonce', ''],
  ])('answers no request with another %s, and redirects nobody for it', async (name, value) => {
    const person = new Person()
    await person.open(askForCode(service).href)
    const there = new URL(
      (await person.press('Continue', { region: 'us1', email: 'anyone@sso.example' })).url,
    )
    there.searchParams.set(name, value)
    const page = await person.request(there.href)
    expect([page.status, page.headers.get('location')]).toEqual([400, null])
    expect(page.text).toContain(name)
  })

  test('leaves no code, state, ticket or token readable in the journal', async () => {
    const person = new Person()
    const seen: string[] = []
    await person.open(`${service.url}/account`)
    await person.press('Continue', { region: 'us1', email: 'anyone@sso.example' })
    seen.push(found(/[?&]state=([\w-]+)/, person.page?.url))
    const field = fieldsOf(person)
    let page = await person.request(`${service.url}/demo-provider/authorize`, {
      method: 'POST',
      body: new URLSearchParams({
        csrf: field('csrf'),
        request: field('request'),
        email: 'anyone@sso.example',
      }),
    })
    for (const name of ['code', 'ticket']) {
      const next = new URL(page.headers.get('location') ?? '', service.url)
      seen.push(next.searchParams.get(name) ?? '')
      page = await person.request(next.href)
    }
    await person.open(`${service.url}/account`)
    await person.press('Sign out')
    seen.push(found(/id_token_hint=([\w.-]+)/, person.page?.html))
    expect(seen.map((one) => one.length > 40)).toEqual([true, true, true, true])
    const journal = await (await fetch(`${service.url}/emulator/journal?limit=500`)).text()
    for (const path of ['/demo-provider/token', '/sso/callback', '/account/sign-in/sso'])
      expect(journal).toContain(path)
    for (const credential of [...seen, 'panoptes-demo-secret']) expect(journal).not.toContain(credential)
  })
})

describe('POST /demo-provider/token, OpenID Connect Core §3.1.3', () => {
  let service: RunningPanoptes
  beforeAll(async () => {
    service = await startPanoptes()
  })
  afterAll(() => service.stop())

  const verifier = 'v'.repeat(43)
  const right = {
    grant_type: 'authorization_code',
    client_id: 'panoptes',
    client_secret: 'panoptes-demo-secret',
    code_verifier: verifier,
  }
  /** A code that somebody gets at the page. */
  async function newCode(): Promise<string> {
    const query = new URLSearchParams({
      client_id: 'panoptes',
      response_type: 'code',
      redirect_uri: `${service.url}/sso/callback`,
      scope: 'openid',
      state: 'state',
      nonce: 'nonce',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    })
    const person = new Person()
    const { html } = await person.open(`${service.url}/demo-provider/authorize?${query}`)
    const csrf = /name="csrf" value="([^"]*)"/.exec(html)?.[1] ?? ''
    const answer = await person.request(`${service.url}/demo-provider/authorize`, {
      method: 'POST',
      body: new URLSearchParams({ csrf, request: query.toString(), email: 'anyone@sso.example' }),
    })
    return new URL(answer.headers.get('location') ?? '').searchParams.get('code') ?? ''
  }
  const exchange = async (fields: Readonly<Record<string, string>>): Promise<readonly [number, string]> => {
    const all = { ...right, redirect_uri: `${service.url}/sso/callback`, ...fields }
    const answer = await post(`${service.url}/demo-provider/token`, all)
    const body = (await answer.json()) as { error?: string; id_token?: string }
    return [answer.status, body.error ?? typeof body.id_token]
  }

  test('exchanges a code once', async () => {
    const code = await newCode()
    expect(await exchange({ code })).toEqual([200, 'string'])
    expect(await exchange({ code })).toEqual([400, 'invalid_grant'])
  })

  test.each([
    [{ client_secret: 'another' }, 401, 'invalid_client'],
    [{ client_id: 'meraki' }, 401, 'invalid_client'],
    [{ grant_type: 'refresh_token' }, 400, 'unsupported_grant_type'],
    [{ code_verifier: 'w'.repeat(43) }, 400, 'invalid_grant'],
    [{ redirect_uri: 'https://evil.example/' }, 400, 'invalid_grant'],
    [{ code: 'made-up' }, 400, 'invalid_grant'],
  ])('refuses %j', async (fields, status, error) => {
    expect(await exchange({ code: await newCode(), ...fields })).toEqual([status, error])
  })
})
