import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attacksOf } from '../authorization-server/attacks.ts'
import { callV7, type V7Call } from '../flow/v7.ts'
import { ownIntegrations } from '../support/own-integrations.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { type Page, Person } from '../support/person.ts'
import {
  type ApiTokenWishes,
  fieldsOf,
  generate,
  madeOn,
  newPath,
  pressGenerate,
  tokensPath,
} from './api-token.ts'
import { admin, csrfOf, ops, post, signedIn, viewer } from './signed-in.ts'

const form = /^panoptes_[\w-]{75}$/
const newTest = { testName: 'mine', url: 'https://acme.example', interval: 60, agents: [{ agentId: '3' }] }
const day = 86_400_000

let service: RunningPanoptes
beforeAll(async () => {
  service = await startPanoptes(['--limits', 'off'])
})
afterAll(() => service.stop())

interface Problem {
  readonly code: string
}

const call = (token: string, path: string, how?: V7Call) => callV7<Problem>(service, token, path, how)
const statusOf = async (token: string, path = '/v7/tests'): Promise<number> =>
  (await call(token, path)).status
const list = (person: Person): Promise<Page> => person.open(`${service.url}${tokensPath}`)
const scopesOn = ({ html }: Page): readonly string[] =>
  [...html.matchAll(/name="scope-([^"]+)"/g)].map(([, name = '']) => name)

/** Ends all tokens of the person by their buttons. */
async function revokeAll(person: Person): Promise<void> {
  let page = await list(person)
  while (page.html.includes('>Revoke<')) page = await person.press('Revoke')
}

/** Somebody who has no tokens yet. */
async function afresh(who: readonly [string, string] = ops): Promise<Person> {
  const person = await signedIn(service, who)
  await revokeAll(person)
  return person
}

describe('a scoped API token', () => {
  test('is shown once, on the page after the redirect, in a form of its own', async () => {
    const person = await afresh()
    const page = await pressGenerate(service, person)
    const token = madeOn(page) ?? ''
    expect(token).toMatch(form)
    expect(page.url).toBe(`${service.url}${tokensPath}`)
    expect(page.headers.get('cache-control')).toBe('no-store')
    expect(page.text).toContain('It is shown this once')
    for (const again of [await list(person), await list(await signedIn(service, ops))]) {
      expect(again.html).not.toContain(token)
      expect(again.text).toContain('Terraform')
    }
  })

  test('is not shown to a HEAD request, to another session, on the profile, or after a minute', async () => {
    const person = await afresh()
    await person.open(`${service.url}${newPath}`)
    const csrf = csrfOf(person.page as Page)
    await post(service, person, newPath, { ...fieldsOf({ endDay: '' }), csrf, 'end-day': tomorrow() })
    await person.request(`${service.url}${tokensPath}`, { method: 'HEAD' })
    expect((await person.open(`${service.url}/account/profile`)).html).not.toContain('panoptes_')
    expect(madeOn(await list(await signedIn(service, ops)))).toBeUndefined()
    expect(madeOn(await list(person))).toMatch(form)
    await post(service, person, newPath, { ...fieldsOf({ name: 'second' }), csrf, 'end-day': tomorrow() })
    service.advance(61)
    expect(madeOn(await list(person))).toBeUndefined()
  })

  test('opens what its scopes say, and nothing else', async () => {
    const token = await generate(service, await afresh(), { scopes: ['tests:read', 'alerts:manage'] })
    expect(await statusOf(token)).toBe(200)
    expect(await statusOf(token, '/v7/alerts/rules')).toBe(200)
    expect((await call(token, '/v7/agents')).body.code).toBe('insufficient_scope')
    const write = await call(token, '/v7/tests/http-server', { method: 'POST', json: newTest })
    expect([write.status, write.body.code]).toEqual([403, 'insufficient_scope'])
  })

  test('opens its account groups alone', async () => {
    const token = await generate(service, await afresh(), { accountGroups: ['1102'] })
    expect(await statusOf(token, '/v7/tests?aid=1102')).toBe(200)
    for (const path of ['/v7/tests?aid=1101', '/v7/tests'])
      expect((await call(token, path)).body.code, path).toBe('account_group_not_granted')
  })

  test('that is read-only changes nothing, whatever its scopes open', async () => {
    const token = await generate(service, await afresh(), { scopes: ['tests:manage'], isReadOnly: true })
    expect(await statusOf(token)).toBe(200)
    const write = await call(token, '/v7/tests/http-server', { method: 'POST', json: newTest })
    expect([write.status, write.body.code]).toEqual([403, 'read_only'])
  })

  test('cannot do what the role of its user does not allow', async () => {
    const person = await afresh(viewer)
    const offered = scopesOn(await person.open(`${service.url}${newPath}`))
    expect(offered).toContain('agents:read')
    expect(offered).not.toContain('agents:manage')
    const refused = await pressGenerate(service, person, { scopes: ['agents:read', 'agents:manage'] })
    expect(refused.status).toBe(400)
    expect(refused.text).toContain('The scopes that you may give have changed.')
  })

  test('never makes another token, and knows nothing of its user', async () => {
    const person = await afresh(admin)
    const offered = scopesOn(await person.open(`${service.url}${newPath}`))
    for (const scope of ['tokens:manage', 'openid', 'email', 'offline_access'])
      expect(offered).not.toContain(scope)
    const token = await generate(service, person, { scopes: offered })
    expect((await call(token, '/v7/api-tokens', { method: 'POST' })).status).toBe(403)
  })

  test('ends with its last day, in UTC', async () => {
    const person = await afresh()
    const { html } = await person.open(`${service.url}${newPath}`)
    const today = /min="([^"]+)"/.exec(html)?.[1] ?? ''
    const token = await generate(service, person, { endDay: today })
    const end = Date.parse(today) + day
    expect((await list(person)).html).toContain(`datetime="${new Date(end).toISOString()}"`)
    expect(await statusOf(token)).toBe(200)
    service.advance(day / 1000)
    expect(await statusOf(token)).toBe(401)
    expect((await list(await signedIn(service, ops))).html).not.toContain('>Terraform<')
  })

  test('tells when and from where it was used last', async () => {
    const person = await afresh()
    const token = await generate(service, person)
    expect((await list(person)).text).toContain('Last used Not yet')
    await statusOf(token)
    await expect.poll(async () => (await list(person)).text).toContain('Last used from 127.0.0.1')
  })

  test('is nothing to the OAuth endpoints: userinfo 401, introspection inactive, refresh invalid_grant', async () => {
    const token = await generate(service, await afresh())
    const ask = (path: string, fields: Readonly<Record<string, string>>): Promise<Response> =>
      fetch(`${service.url}/v7/oauth2/${path}`, { method: 'POST', body: new URLSearchParams(fields) })
    const userinfo = await fetch(`${service.url}/v7/oauth2/userinfo`, {
      headers: { authorization: `Bearer ${token}` },
    })
    expect(userinfo.status).toBe(401)
    const resourceServer = { client_id: 'resource-server', client_secret: 'resource-server-secret' }
    expect(await (await ask('introspect', { token, ...resourceServer })).json()).toEqual({ active: false })
    const meraki = { client_id: 'meraki', client_secret: 'meraki-secret' }
    const refreshed = await ask('token', { grant_type: 'refresh_token', refresh_token: token, ...meraki })
    expect(await refreshed.json()).toMatchObject({ error: 'invalid_grant' })
    expect((await ask('revoke', { token, ...meraki })).status).toBe(200)
    expect(await statusOf(token)).toBe(200)
    const asked = await fetch(`${service.url}/oauth2/authorize?client_id=api-tokens&response_type=code`)
    expect(asked.status).toBe(400)
  })
})

const tomorrow = (): string => new Date(Date.now() + 10 * day).toISOString().slice(0, 10)

describe('Revoke', () => {
  test('ends the token at once and says so, and a link that says so is not believed', async () => {
    const person = await afresh()
    const token = await generate(service, person)
    await list(person)
    const page = await person.press('Revoke')
    expect(page.text).toContain('The API token Terraform is revoked.')
    expect(await statusOf(token)).toBe(401)
    const { search } = new URL(page.url)
    const other = await (await signedIn(service, viewer)).open(`${service.url}${tokensPath}${search}`)
    expect(other.text).not.toContain('is revoked')
  })

  test('by another user, or of a connection, ends nothing', async () => {
    const token = await generate(service, await afresh())
    const stranger = await signedIn(service, viewer)
    const csrf = csrfOf(await list(stranger))
    const tag = token.slice('panoptes_'.length, 'panoptes_'.length + 16)
    await post(service, stranger, `${tokensPath}/revoke`, { csrf, token: tag })
    await post(service, stranger, '/account/disconnect', { csrf, connection: tag })
    expect(await statusOf(token)).toBe(200)
  })

  test('without the mark of the own session is refused', async () => {
    const person = await afresh()
    const token = await generate(service, person)
    const tag = token.slice('panoptes_'.length, 'panoptes_'.length + 16)
    for (const path of [newPath, `${tokensPath}/revoke`])
      expect((await post(service, person, path, { token: tag, ...fieldsOf() })).status).toBe(403)
    expect(await statusOf(token)).toBe(200)
  })

  test('by the operator ends it too, and the operator sees what there is', async () => {
    const person = await afresh()
    const token = await generate(service, person, { name: 'Nightly <b>', isReadOnly: true })
    const operator = (method: string): Promise<Response> =>
      fetch(`${service.operatorUrl}/operator/connections?integration=api-tokens&user=${ops[0]}`, {
        method,
        headers: { authorization: `Bearer ${service.operatorToken}` },
      })
    const { connections } = (await (await operator('GET')).json()) as { connections: readonly object[] }
    expect(connections).toMatchObject([
      { integration: 'api-tokens', apiToken: 'Nightly <b>', readOnly: true, scopes: ['tests:read'] },
    ])
    expect(await (await operator('DELETE')).json()).toEqual({ revoked: 1 })
    expect(await statusOf(token)).toBe(401)
    const activity = await person.open(`${service.url}/account/activity`)
    expect(activity.text).toContain('API token Nightly <b> was revoked by an operator')
    expect(activity.text).toContain('API token Nightly <b> generated')
  })

  test('reaches another node on the store at once', async () => {
    using own = ownIntegrations({})
    const args = ['--data', `${own.folder}/data`]
    await using one = await startPanoptes(args)
    await using other = await startPanoptes(args)
    const person = await signedIn(one, ops)
    const token = await generate(one, person)
    const on = async (node: RunningPanoptes): Promise<number> =>
      (await callV7(node, token, '/v7/tests')).status
    expect([await on(one), await on(other)]).toEqual([200, 200])
    await person.press('Revoke')
    expect([await on(other), await on(one)]).toEqual([401, 401])
  })
})

describe('a user', () => {
  test('who is locked or disabled has tokens that open nothing, until that is over', async () => {
    const token = await generate(service, await afresh(viewer))
    const operator = (act: string): Promise<Response> =>
      fetch(`${service.operatorUrl}/operator/users/${viewer[0]}/${act}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${service.operatorToken}` },
      })
    await operator('disable')
    expect(await statusOf(token)).toBe(401)
    await operator('enable')
    expect(await statusOf(token)).toBe(200)
    const lock = (method: 'PUT' | 'DELETE'): Promise<Response> =>
      fetch(`${service.url}/emulator/users/${viewer[0]}/lock`, { method })
    await lock('PUT')
    expect(await statusOf(token)).toBe(401)
    await lock('DELETE')
    expect(await statusOf(token)).toBe(200)
  })

  test('has at most so many, also when they are asked for at once, and each name once', async () => {
    using own = ownIntegrations({ beside: { apiTokens: { most: 3, longest: '10d' } } })
    await using limited = await startPanoptes([...own.args, '--limits', 'off'])
    const person = await signedIn(limited, ops)
    const csrf = csrfOf(await person.open(`${limited.url}${newPath}`))
    const ask = (name: string): Promise<Page> =>
      post(limited, person, newPath, {
        ...fieldsOf({ name, endDay: new Date(Date.now() + 5 * day).toISOString().slice(0, 10) }),
        csrf,
      })
    const twins = await Promise.all(['a', 'a', 'a'].map(ask))
    expect(twins.map(({ status }) => status).sort()).toEqual([303, 409, 409])
    const more = await Promise.all(['b', 'c', 'd', 'e'].map(ask))
    expect(more.map(({ status }) => status).sort()).toEqual([303, 303, 409, 409])
    const page = await person.open(`${limited.url}${tokensPath}`)
    expect(page.text).toContain('You have 3 API tokens, and no more are allowed.')
    expect(page.html).not.toContain('Generate an API token')
    await person.press('Revoke')
    expect(madeOn(await pressGenerate(limited, person, { name: 'f' }))).toMatch(form)
  })

  test('has none where the configuration says off, and those of before open nothing', async () => {
    using own = ownIntegrations({})
    const args = [...own.args, '--data', `${own.folder}/data`]
    const before = await startPanoptes(args)
    const token = await generate(before, await signedIn(before, ops))
    await before.stop()
    own.write({ beside: { apiTokens: 'off' } })
    await using service = await startPanoptes(args)
    const person = await signedIn(service, ops)
    expect((await person.open(`${service.url}/account`)).html).not.toContain(tokensPath)
    expect((await person.request(`${service.url}${newPath}`)).status).toBe(404)
    expect((await callV7(service, token, '/v7/tests')).status).toBe(401)
  })

  test('is held to the scopes, limits and calls of the configuration', async () => {
    using own = ownIntegrations({
      beside: { apiTokens: { scopes: ['tests:manage', 'tests:read'], readOnly: true, callsPerMinute: 7 } },
    })
    await using limited = await startPanoptes(own.args)
    const person = await signedIn(limited, ops)
    const page = await person.open(`${limited.url}${newPath}`)
    expect(scopesOn(page).toSorted()).toEqual(['tests:manage', 'tests:read'])
    expect(page.text).toContain('For every API token on this server: Read-only.')
    expect(page.html).not.toContain('name="read-only"')
    const token = await generate(limited, person, { scopes: ['tests:manage'] })
    const { headers } = await callV7(limited, token, '/v7/tests')
    expect(headers.get('x-organization-rate-limit-limit')).toBe('7')
    const write = await callV7<Problem>(limited, token, '/v7/tests/http-server', {
      method: 'POST',
      json: newTest,
    })
    expect(write.body.code).toBe('read_only')
  })
})

describe('the form for an API token', () => {
  test.each<[string, ApiTokenWishes & { readonly extra?: Record<string, string> }, string]>([
    ['no name', { name: ' ' }, 'Enter a name.'],
    ['a long name', { name: 'x'.repeat(61) }, 'Enter a name of at most 60 characters.'],
    ['an invisible name', { name: 'a\u200Bb' }, 'without control or invisible characters'],
    ['a name that turns the text around', { name: '\u202Eabc' }, 'without control or invisible characters'],
    ['no scope', { scopes: [] }, 'Choose at least one scope.'],
    ['a scope that does not exist', { scopes: ['tests:read', 'everything'] }, 'The scopes that you may give'],
    ['no account group', { accountGroups: [] }, 'Choose at least one account group.'],
    ['a foreign account group', { accountGroups: ['1101', '2101'] }, 'The account groups that you may give'],
    ['no day', { endDay: '' }, 'Enter the last day on which the token works.'],
    ['yesterday', { endDay: '2020-01-01' }, 'Enter a day from '],
    ['a day in a hundred years', { endDay: '2126-01-01' }, 'Enter a day from '],
    ['a day that does not exist', { endDay: '2027-02-30' }, 'Enter the last day as year, month and day'],
    ['a day in other words', { endDay: 'next week' }, 'Enter the last day as year, month and day'],
    ['a day of six digits', { endDay: '+012027-01-01' }, 'Enter the last day as year, month and day'],
  ])('is shown again with what is wrong, and keeps the rest: %s', async (_, wishes, words) => {
    const person = await afresh()
    const page = await pressGenerate(service, person, { isReadOnly: true, ...wishes })
    expect(page.status).toBe(400)
    expect(page.text).toContain(words)
    expect(page.html).toMatch(/<title>Error: Generate an API token/)
    expect(page.html).toMatch(/name="read-only" value="on" checked/)
    if (wishes.scopes === undefined) expect(page.html).toMatch(/name="scope-tests:read" value="on" checked/)
    expect((await list(person)).html).not.toContain('>Revoke<')
  })

  test('proposes ninety days, the only account group, and nothing else', async () => {
    const person = await afresh(viewer)
    const page = await person.open(`${service.url}${newPath}`)
    const [, first = '', last = '', proposed = ''] =
      /min="([^"]+)" max="([^"]+)" value="([^"]+)"/.exec(page.html) ?? []
    const daysFrom = (date: string): number => (Date.parse(date) - Date.parse(first)) / day
    expect([daysFrom(proposed), daysFrom(last)]).toEqual([90, 365])
    expect(page.html).toMatch(/name="aid-1101" value="on" checked/)
    expect([...page.html.matchAll(/ checked/g)]).toHaveLength(1)
  })

  test.each(attacksOf('pages-values.txt').slice(0, 40))(
    'takes the name %j as text or not at all',
    async (name) => {
      const person = await afresh()
      const page = await pressGenerate(service, person, { name })
      expect([200, 400]).toContain(page.status)
      expect(page.html.replace(/<svg class="mark"/, '')).not.toMatch(/<script|<img|<svg|<iframe/i)
    },
  )

  test.each([tokensPath, newPath])('%s asks a stranger to sign in', async (path) => {
    const page = await new Person().request(`${service.url}${path}`)
    expect([page.status, page.headers.get('location')]).toEqual([303, '/account/sign-in'])
  })
})
