import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askForCode, poll } from '../support/device.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { Person } from '../support/person.ts'
import { connect, type Integration, meraki, sdWan, splunkApp, viewer } from './integrations.ts'
import { callV7, type V7Call } from './v7.ts'

/** What the tables ask beside what every integration has. */
interface Case extends Integration {
  /** A scope of its own that opens `opened` and not `closed`. */
  readonly narrow: { readonly scope: string; readonly opened: string; readonly closed: string }
  /** A scope that exists and that it may not ask for. */
  readonly notAllowed: string
  /** A write that its scopes open and a Regular User's role does not. */
  readonly write: V7Call & { readonly path: string }
}

const createTest = (testName: string): Case['write'] => ({
  path: '/v7/tests/http-server',
  method: 'POST',
  json: { testName, url: 'https://app.example', interval: 300, agents: [{ agentId: '3' }] },
})

const cases: readonly Case[] = [
  {
    ...sdWan,
    narrow: { scope: 'tests:manage', opened: '/v7/tests', closed: '/v7/account-groups' },
    notAllowed: 'alerts:manage',
    write: createTest('Of SD-WAN Manager'),
  },
  {
    ...meraki,
    narrow: { scope: 'organization:read', opened: '/v7/account-groups', closed: '/v7/tests' },
    notAllowed: 'templates:deploy',
    write: createTest('Of Meraki'),
  },
  {
    ...splunkApp,
    narrow: { scope: 'tests:read', opened: '/v7/tests', closed: '/v7/tags' },
    notAllowed: 'tests:manage',
    write: {
      path: '/v7/alerts/rules/110102',
      method: 'PUT',
      json: {
        ruleName: 'Of the Splunk app',
        expression: '((loss >= 20%))',
        alertType: 'end-to-end-server',
        roundsViolatingOutOf: 2,
      },
    },
  },
]

/** Sign-ins that fail, each for a reason that nobody is told. */
const wrong: readonly (readonly [email: string, password: string, region: string])[] = [
  ['admin@acme.example', 'wrong', 'default'],
  ['nobody@acme.example', 'wrong', 'default'], //         a user whom nobody knows
  ['ops@acme.example', 'panoptes-us1', 'eu1'], //         the wrong region
  ['admin@acme.example', 'panoptes-us1', 'eu1'], //       the password of another region's namesake
  ['admin@globex.example', 'panoptes-us2', 'us1'], //     a user of US2
  ['anyone@sso.example', 'panoptes-us1', 'default'], //   a user without a password
]

let service: RunningPanoptes

beforeAll(async () => {
  service = await startPanoptes(['--config', 'test/support/without-sso.yaml'])
})
afterAll(() => service.stop())

const statusOf = async (token: string, path = '/v7/account-groups'): Promise<number> =>
  (await callV7(service, token, path)).status

describe.each(cases)('$name, signing in', (integration) => {
  test('refuses wrong password, wrong region and unknown user in the same words', async () => {
    const pages = new Set<string>()
    for (const [email, password, region] of wrong) {
      const person = new Person()
      await integration.ask(service, person)
      await person.signIn(email, password, region)
      const text = person.page?.text.replaceAll(email, 'EMAIL').replace(/Region (?:Default|US1|EU)/, 'REGION')
      pages.add(`${person.page?.status} ${text}`)
    }
    expect([...pages]).toEqual([expect.stringMatching(/^403 .* EMAIL REGION /)])
  })

  test('lets a person change the region after a refusal and go on', async () => {
    const person = new Person()
    const asked = await integration.ask(service, person)
    await person.signIn('admin@initech.example', 'panoptes-eu1', 'us2')
    expect(person.page?.status).toBe(403)
    await person.press('Change')
    await person.signIn('admin@initech.example', 'panoptes-eu1', 'eu1')
    expect(person.page?.text).toMatch(/Region EU Organization Initech Europe/)
    await person.press('Confirm')
    const { access_token: token } = await asked.finish()
    expect(await callV7(service, token, '/v7/account-groups')).toMatchObject({
      body: { accountGroups: [{ aid: '3101' }] },
    })
  })

  test('finds a user of US2 by Default and shows the region that was found', async () => {
    const person = new Person()
    const asked = await integration.ask(service, person)
    await person.signIn('admin@globex.example', 'panoptes-us2')
    expect(person.page?.text).toMatch(/Region US2 Organization Globex/)
    expect(person.page?.text).not.toMatch(/Region Default/)
    await person.press('Confirm')
    const { access_token: token } = await asked.finish()
    expect(await callV7(service, token, '/v7/account-groups')).toMatchObject({
      body: { accountGroups: [{ aid: '2101' }, { aid: '2102' }] },
    })
  })
})

describe.each(cases)('$name, Logout on the confirm page', (integration) => {
  test('refuses this one request and ends the browser session; other connections live', async () => {
    const person = new Person()
    const before = await connect(service, integration, { person })
    const asked = await integration.ask(service, person)
    expect(person.page?.text).toContain('Confirm authorization')
    await person.press('Logout')
    await expect(asked.finish()).rejects.toMatchObject({ error: 'access_denied' })

    expect((await person.open(`${service.url}/account`)).url).toBe(`${service.url}/account/sign-in`)
    await integration.ask(service, person)
    expect(person.page?.text).toContain('Sign in to connect')
    expect(await statusOf(before.access_token)).toBe(200)
    const refreshed = await integration.refresh(service, before.refresh_token)
    expect(refreshed.expires_in).toBe(integration.lifetimes.access)
  })
})

describe.each(cases)('$name, what its tokens open', (integration) => {
  test('is nothing any more once the grant is revoked', async () => {
    const tokens = await connect(service, integration)
    await integration.revoke(service, tokens.refresh_token)
    expect(await callV7(service, tokens.access_token, '/v7/account-groups')).toMatchObject({
      status: 401,
      body: { error: 'invalid_token' },
    })
    await expect(integration.refresh(service, tokens.refresh_token)).rejects.toMatchObject({
      error: 'invalid_grant',
    })
  })

  test('is the account groups of the user and no others', async () => {
    const { access_token: token } = await connect(service, integration, { credentials: viewer })
    expect(await statusOf(token, '/v7/tests?aid=1101')).toBe(200)
    for (const aid of ['1102', '2101', '9999'])
      expect(await callV7(service, token, `/v7/tests?aid=${aid}`)).toMatchObject({
        status: 403,
        body: { status: 403, title: 'Forbidden' },
      })
  })

  test('is what the scopes say that were asked for, after a refresh as well', async () => {
    const { scope, opened, closed } = integration.narrow
    const tokens = await connect(service, integration, { scope })
    expect(tokens.scope).toBe(scope)
    expect(await statusOf(tokens.access_token, opened)).toBe(200)
    const refused = await callV7(service, tokens.access_token, closed)
    expect(refused.status).toBe(403)
    expect(refused.headers.get('www-authenticate')).toContain('error="insufficient_scope"')
    const refreshed = await integration.refresh(service, tokens.refresh_token)
    expect(refreshed.scope).toBe(scope)
    expect(await statusOf(refreshed.access_token, closed)).toBe(403)
  })

  test.each([integration.notAllowed, 'unknown:scope'])(
    'does not come at all with the scope %s',
    async (scope) => {
      const outcome = integration
        .ask(service, new Person(), `${integration.scope} ${scope}`)
        .then((asked) => asked.finish())
      await expect(outcome).rejects.toMatchObject({ error: 'invalid_scope' })
    },
  )

  test('does not go beyond the role of the user', async () => {
    const { path, ...call } = integration.write
    const asViewer = await connect(service, integration, { credentials: viewer })
    const refused = await callV7(service, asViewer.access_token, path, call)
    expect(refused).toMatchObject({ status: 403, body: { status: 403, title: 'Forbidden' } })
    expect(refused.headers.get('www-authenticate')).toBeNull()
    const asAdmin = await connect(service, integration)
    expect((await callV7(service, asAdmin.access_token, path, call)).status).toBeLessThan(300)
  })
})

describe.each([sdWan, splunkApp])('$name, an expired device code', ({ clientId, scope }) => {
  test('is expired_token to the device, and to a person the same as a code that never was', async () => {
    const code = await askForCode(service, { clientId, scope })
    service.advance(code.expires_in + 1)
    expect((await poll(service, { clientId, deviceCode: code.device_code })).body['error']).toBe(
      'expired_token',
    )
    const pages = new Set<string>()
    for (const typed of [code.user_code, 'BBBB-BBBB']) {
      const person = new Person()
      await person.open(code.verification_uri)
      const page = await person.press('Continue', { user_code: typed })
      expect(page.text).toContain('This code is not known')
      pages.add(`${page.status} ${page.text.replaceAll(typed, 'CODE')}`)
    }
    expect(pages.size).toBe(1)
  })
})
