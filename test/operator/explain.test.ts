import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Explanation } from '#domain/explanation.ts'
import type { Operation } from '#domain/operation.ts'
import { loadOperations } from '#upstream/operations.ts'
import { generate } from '../account/api-token.ts'
import { ops, signedIn } from '../account/signed-in.ts'
import {
  addUser,
  adminEmail,
  atAccount,
  linkAt,
  pasteToken,
  startLinkedBroker,
} from '../broker/linked-broker.ts'
import { callV7 } from '../flow/v7.ts'
import { startBroker } from '../support/broker.ts'
import { ownIntegrations } from '../support/own-integrations.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'

const operations = await loadOperations()
const viewer = 'viewer@acme.example'
const admin = 'admin@acme.example'

interface Told extends Explanation {
  readonly title?: string
  readonly connections: number
  readonly connection: { readonly id: string; readonly apiToken: string | null } | null
}

const own = ownIntegrations({
  of: { meraki: { readOnly: true }, 'sd-wan-manager': { operations: ['getTests', 'GET /v7/agents'] } },
})
let service: RunningPanoptes
beforeAll(async () => {
  service = await startPanoptes(own.args)
})
afterAll(async () => {
  await service.stop()
  own[Symbol.dispose]()
})

type Question = Readonly<Record<string, string>>

async function ask(at: RunningPanoptes, question: Question): Promise<{ status: number; body: Told }> {
  const query = new URLSearchParams({ method: 'GET', path: '/v7/tests', ...question })
  const response = await fetch(`${at.operatorUrl}/operator/explain?${query}`, {
    headers: { authorization: `Bearer ${at.operatorToken}` },
  })
  return { status: response.status, body: (await response.json()) as Told }
}

const explain = async (question: Question): Promise<Told> => (await ask(service, question)).body

async function tokenOf(integration: string, user: string, members: object = {}): Promise<string> {
  const response = await fetch(`${service.url}/emulator/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ integration, user, region: 'us1', ...members }),
  })
  return ((await response.json()) as { access_token: string }).access_token
}

const pathOf = ({ path, takesAccountGroup }: Operation): string =>
  `/v7${path.replace(/\{[^}]+\}/g, '77')}${takesAccountGroup ? '?aid=1101' : ''}`

/** Codes that the gateway answers by itself; anything else is the upstream's word. */
const ownCodes = new Set([
  'insufficient_scope',
  'read_only',
  'operation_not_allowed',
  'account_group_not_granted',
])

describe('an explanation', () => {
  test.each(['meraki', 'sd-wan-manager'])(
    'says for every operation what the gateway then says to %s',
    async (client) => {
      const token = await tokenOf(client, viewer, { accountGroups: ['1101'] })
      for (const operation of operations) {
        service.advance(0.5)
        const { method } = operation
        const path = pathOf(operation)
        const { verdict, refusal } = await explain({ client, user: viewer, method, path })
        const response = await fetch(`${service.url}${path}`, {
          method,
          headers: { authorization: `Bearer ${token}` },
        })
        const { code = 'upstream' } = (await response.json().catch(() => ({}))) as { code?: string }
        const said = ownCodes.has(code) ? [response.status, code] : 'passes'
        expect(refusal ? [refusal.status, refusal.code] : verdict, `${method} ${path}`).toEqual(said)
      }
    },
    60_000,
  )

  test.each<[string, Question, object]>([
    ['an unknown path', { path: '/v7/nothing' }, { rule: 'operation', status: 404, code: 'not_found' }],
    ['another method', { method: 'PATCH' }, { rule: 'operation', status: 405, code: 'method_not_allowed' }],
    ['a path with two readings', { path: '/v7/tests/../users' }, { rule: 'request', status: 400 }],
    ['a scope that is missing', { path: '/v7/alerts' }, { rule: 'scope', code: 'insufficient_scope' }],
    [
      'a write that is forbidden',
      { method: 'POST', path: '/v7/tests/http-server' },
      { rule: 'limits', code: 'read_only' },
    ],
    ['another account group', { aid: '1102' }, { rule: 'account-group', code: 'account_group_not_granted' }],
    [
      'no account group that is one',
      { path: '/v7/tests?aid=x' },
      { rule: 'account-group', code: 'invalid_account_group' },
    ],
  ])('names the rule that refuses: %s', async (_, question, refusal) => {
    await tokenOf('meraki', viewer, { accountGroups: ['1101'] })
    const told = await explain({ client: 'meraki', user: viewer, ...question })
    expect(told).toMatchObject({ verdict: 'refused', refusal })
    expect(told.rules.at(-1)).toMatchObject({ outcome: 'refused' })
    expect(told.rules.slice(0, -1).every(({ outcome }) => outcome === 'passed')).toBe(true)
  })

  test('says why nobody stands behind the token: no connection, or a user who is locked or disabled', async () => {
    expect((await explain({ client: 'meraki', user: ops[0] })).refusal).toMatchObject({
      rule: 'token',
      status: 401,
      detail: expect.stringContaining('no live grant has this token'),
    })
    await tokenOf('meraki', ops[0])
    const put = (method: string): Promise<Response> =>
      fetch(`${service.url}/emulator/users/${ops[0]}/lock`, { method })
    await put('PUT')
    const locked = await explain({ client: 'meraki', user: ops[0] })
    await put('DELETE')
    expect(locked.refusal?.detail).toContain('the user is locked')
    expect((await explain({ client: 'meraki', user: ops[0] })).verdict).toBe('passes')
  })

  test('pretends scopes, with a connection and without one', async () => {
    const question = { client: '0oalgciz1dyS1Uonr697', user: viewer, scopes: 'alerts:read' }
    expect(await explain({ ...question, path: '/v7/alerts' })).toMatchObject({
      verdict: 'passes',
      connection: null,
    })
    expect((await explain(question)).refusal).toMatchObject({ rule: 'scope' })
    expect(await ask(service, { ...question, scopes: 'alerts:read everything' })).toMatchObject({
      status: 400,
      body: {
        title: expect.stringContaining('scopes: found everything; of 0oalgciz1dyS1Uonr697 allowed are'),
      },
    })
  })

  test('knows an API token by its name', async () => {
    await generate(service, await signedIn(service, ops), { name: 'Nightly', accountGroups: ['1102'] })
    const question = { apiToken: 'Nightly', user: ops[0] }
    expect(await explain({ ...question, aid: '1102' })).toMatchObject({
      verdict: 'passes',
      connection: { apiToken: 'Nightly' },
    })
    expect((await explain(question)).refusal).toMatchObject({ code: 'account_group_not_granted' })
    expect(await ask(service, { ...question, apiToken: 'Daily' })).toMatchObject({
      status: 404,
      body: { title: expect.stringContaining('apiToken: found Daily') },
    })
  })

  test('takes the newest of several connections, or the one that is named', async () => {
    await tokenOf('meraki', viewer, { scopes: ['agents:manage'] })
    const newest = await explain({ client: 'meraki', user: viewer })
    expect([newest.refusal?.rule, newest.connections > 1]).toEqual(['scope', true])
    const named = await explain({ client: 'meraki', user: viewer, connection: newest.connection?.id ?? '' })
    expect(named.connections).toBe(1)
  })

  test('changes nothing: no window, no 401 count, no use, no call upstream', async () => {
    const token = await tokenOf('meraki', admin)
    service.advance(60)
    const used = async (): Promise<unknown> => {
      const response = await fetch(`${service.operatorUrl}/operator/connections?user=${admin}`, {
        headers: { authorization: `Bearer ${service.operatorToken}` },
      })
      return ((await response.json()) as { connections: readonly object[] }).connections
    }
    const before = await used()
    const question = { user: 'us1.1001', address: '127.0.0.1' }
    for (let count = 0; count < 130; count += 1)
      await explain({ ...question, client: count % 2 === 0 ? 'meraki' : '0oalgciz1dyS1Uonr697' })
    expect(await used()).toEqual(before)
    const answer = await callV7(service, token, '/v7/tests')
    expect([answer.status, answer.headers.get('x-organization-rate-limit-remaining')]).toEqual([200, '239'])
  })

  test('knows a window that is used up, and an address that is blocked', async () => {
    const post = (path: string, body?: object): Promise<Response> =>
      fetch(`${service.url}/emulator/${path}`, {
        method: body ? 'POST' : 'PUT',
        headers: { 'content-type': 'application/json' },
        ...(body ? { body: JSON.stringify(body) } : {}),
      })
    await tokenOf('sd-wan-manager', admin)
    await post('budgets/exhaust', { user: admin, region: 'us1', integration: 'sd-wan-manager' })
    const question = { client: 'sd-wan-manager', user: 'us1.1001' }
    expect((await explain(question)).refusal).toMatchObject({
      rule: 'calls',
      status: 429,
      code: 'rate_limit_exhausted',
    })
    service.advance(60)
    expect((await explain(question)).verdict).toBe('passes')
    for (let count = 0; count < 121; count += 1) await fetch(`${service.url}/v7/tests`)
    expect((await explain({ ...question, address: '127.0.0.1' })).refusal).toMatchObject({
      rule: 'address',
      code: 'source_blocked',
    })
    expect((await explain({ ...question, address: '192.0.2.7' })).verdict).toBe('passes')
    await fetch(`${service.operatorUrl}/operator/blocked-addresses/127.0.0.1`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${service.operatorToken}` },
    })
  })
})

describe('GET /operator/explain', () => {
  test.each<[string, Question, number, string]>([
    ['no user', { client: 'meraki', user: '' }, 400, 'user stands there twice or is empty'],
    ['neither client nor token', { user: viewer }, 400, 'client, apiToken: found both or neither'],
    ['both', { user: viewer, client: 'a', apiToken: 'b' }, 400, 'client, apiToken: found both or neither'],
    [
      'an unknown parameter',
      { user: viewer, client: 'meraki', token: 'x' },
      400,
      'unknown parameter token; allowed are',
    ],
    [
      'an unknown client',
      { user: viewer, client: 'nobody' },
      404,
      'client: found nobody; allowed are sd-wan-manager',
    ],
    [
      'an unknown user',
      { user: 'x@y.example', client: 'meraki' },
      404,
      'user: found x@y.example; allowed are',
    ],
    ['a user of two regions', { user: admin, client: 'meraki' }, 409, 'region: found nothing, and'],
    [
      'an unknown region',
      { user: viewer, client: 'meraki', region: 'mars' },
      400,
      'region: found mars; allowed are us1',
    ],
    [
      'another method',
      { user: viewer, client: 'meraki', method: 'TRACE' },
      400,
      'method: found TRACE; allowed are GET',
    ],
    [
      'a path elsewhere',
      { user: viewer, client: 'meraki', path: '/account' },
      400,
      'path: found /account; allowed is',
    ],
    [
      'an OAuth endpoint',
      { user: viewer, client: 'meraki', path: '/v7/oauth2/token' },
      400,
      'path: found /v7/oauth2/token',
    ],
    [
      'two account groups',
      { user: viewer, client: 'meraki', path: '/v7/tests?aid=1', aid: '2' },
      400,
      'aid: found one',
    ],
    [
      'no account group',
      { user: viewer, client: 'meraki', aid: '-1' },
      400,
      'aid: found -1; allowed is the decimal id',
    ],
    [
      'no address',
      { user: viewer, client: 'meraki', address: 'here' },
      400,
      'address: found here; allowed is an IP',
    ],
    [
      'a connection of somebody else',
      { user: viewer, client: 'meraki', connection: 'B'.repeat(16) },
      404,
      'connection: found',
    ],
  ])('says what was found and what is allowed: %s', async (_, question, status, words) => {
    const answer = await ask(service, question)
    expect(answer.status).toBe(status)
    expect(answer.body.title).toContain(words)
  })

  test('needs the operator token', async () => {
    const response = await fetch(`${service.operatorUrl}/operator/explain?client=meraki&user=${viewer}`)
    expect(response.status).toBe(401)
  })
})

test('in a broker says that the account group is open where only ThousandEyes could tell', async () => {
  await using broker = await startBroker({
    lender: {
      lend: ({ userId }) => ({ kind: 'user-api-token', userId, token: 'of-the-user', credential: 'sample' }),
    },
  })
  const made = await fetch(`${broker.operatorUrl}/operator/users`, {
    method: 'POST',
    headers: { authorization: `Bearer ${broker.operatorToken}` },
    body: new URLSearchParams({ region: 'us1', email: 'nora@acme.example', organization: '110' }),
  })
  expect(made.status).toBe(201)
  const question = { client: 'sd-wan-manager', user: 'nora@acme.example', scopes: 'tests:manage' }
  const { body } = await ask(broker, question)
  expect(body).toMatchObject({ verdict: 'open' })
  expect(body.rules.find(({ outcome }) => outcome === 'open')).toMatchObject({ rule: 'account-group' })
  expect((await ask(broker, { ...question, aid: '1101' })).body.verdict).toBe('passes')
})

test('in a broker knows the account groups of a linked account, and asks ThousandEyes nothing', async () => {
  await using linked = await startLinkedBroker()
  const { broker, upstream } = linked
  await addUser(broker)
  const person = await atAccount(broker)
  await linkAt(person, ['1101'])
  const heard = async (): Promise<unknown> =>
    ((await (await fetch(`${upstream.url}/emulator/journal`)).json()) as { exchanges: unknown[] }).exchanges
  const before = await heard()
  const question = { client: 'sd-wan-manager', user: adminEmail, scopes: 'tests:manage' }
  const login = await ask(broker, question)
  expect(login.body.verdict).toBe('passes')
  expect(login.body.rules.find(({ rule }) => rule === 'account-group')?.words).toBe('Account group 1101.')
  // Reached, and not chosen: no connection gets it.
  expect((await ask(broker, { ...question, aid: '1102' })).body).toMatchObject({
    verdict: 'refused',
    refusal: { rule: 'account-group', status: 403 },
  })
  expect(await heard()).toEqual(before)

  await person.press('Replace token or account groups')
  await pasteToken(person)
  await person.press('Link account', { 'aid-1101': undefined, 'aid-1102': 'on' })
  expect((await ask(broker, question)).body).toMatchObject({
    verdict: 'refused',
    refusal: { rule: 'account-group', code: 'account_group_not_granted' },
  })
  expect((await ask(broker, { ...question, aid: '1102' })).body.verdict).toBe('passes')
})
