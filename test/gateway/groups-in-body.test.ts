import { readFile } from 'node:fs/promises'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { readGroupRules } from '#upstream/group-rules.ts'
import { readOperationRows } from '#upstream/operation-rows.ts'
import {
  accessToken,
  aid,
  fullAccess,
  jsonAnswer,
  operations,
  startGateway,
  userApiToken,
} from './start-gateway.ts'

const bearer = { type: 'bearer' } as const
const headquarters = { ...fullAccess, accountGroups: [aid('1101')] }

type Method = 'get' | 'post' | 'put'

/** Sends a body as it is, by a connection of 1101 alone. */
async function sendLimited(
  [method, path]: readonly [Method, string],
  body: string | Buffer,
  type = 'application/json',
): Promise<object> {
  await using gateway = await startGateway()
  gateway.grants.set(accessToken, headquarters)
  const answer = await fetch(`${gateway.url}/v7${path}?aid=1101`, {
    method: method.toUpperCase(),
    headers: { authorization: `Bearer ${accessToken}`, 'content-type': type },
    body,
  })
  const { code } = (await answer.json()) as { code?: string }
  return { status: answer.status, code, sent: gateway.sent.length }
}

const passed = { status: 200, code: undefined, sent: 1 }
const foreign = { status: 403, code: 'account_group_not_granted', sent: 0 }
const unreadable = { status: 400, code: 'invalid_body', sent: 0 }

const newTest = ['post', '/tests/http-server'] as const

describe('account groups that a request body names, security-cases G19', () => {
  test.each<[readonly [Method, string], object]>([
    [newTest, { sharedWithAccounts: ['1102'] }],
    [newTest, { sharedWithAccounts: ['1101', '1102'] }],
    [['put', '/tests/bgp/77'], { sharedWithAccounts: ['1102'] }],
    [['post', '/tests/voice/instant'], { sharedWithAccounts: ['1102'] }],
    [['post', '/templates'], { tests: { one: { type: 'http-server', sharedWithAccounts: ['1102'] } } }],
    [['put', '/agents/77'], { accountGroups: ['1102'] }],
    [['post', '/endpoint/agents/77/transfer'], { toAid: '1102' }],
    [
      ['post', '/endpoint/agents/transfer/bulk'],
      { transfers: [{ fromAid: '1102', toAid: '1101', agentId: '7' }] },
    ],
    [['post', '/users'], { loginAccountGroupId: '1102' }],
    [['put', '/users/77'], { accountGroupRoles: [{ accountGroupId: '1102', roleIds: ['35'] }] }],
    [['post', '/users'], { allAccountGroupRoleIds: ['35'] }],
    [['post', '/account-groups'], { accountGroupName: 'New', agents: ['77'] }],
    [['put', '/account-groups/1101'], { agents: ['77'] }],
    [
      ['post', '/quotas/account-groups/assign'],
      { organizations: [{ accountGroups: [{ aid: '1102', value: 7 }] }] },
    ],
    [
      ['post', '/quotas/account-groups/unassign'],
      { organizations: [{ orgId: '110', accountGroups: ['1102'] }] },
    ],
  ])('are those of the connection: %j %j', async (operation, body) => {
    expect(await sendLimited(operation, JSON.stringify(body))).toEqual(foreign)
    const own = JSON.stringify(body)
      .replaceAll('1102', '1101')
      .replace(/"(?:allAccountGroupRoleIds|agents)":\["\w+"\]/, '"testName":"own"')
    expect(await sendLimited(operation, own)).toEqual(passed)
  })

  test.each<[string, string | Buffer]>([
    ['as a number', '{"sharedWithAccounts":[1102]}'],
    ['as one value', '{"sharedWithAccounts":"1102"}'],
    ['in another case', '{"SharedWithAccounts":["1102"]}'],
    ['with an escape in its name', '{"shared\\u0057ithAccounts":["1102"]}'],
    ['deeper than it belongs', '{"a":[{"sharedWithAccounts":{"b":[["1102"]]}}]}'],
    ['behind white space', '{"sharedWithAccounts":[" 1101"]}'],
    ['with a zero in front', '{"sharedWithAccounts":["01101"]}'],
    ['as a number that is rounded', '{"sharedWithAccounts":[1101.5, 9007199254740993]}'],
    ['as true', '{"sharedWithAccounts":[true]}'],
    ['in a list of bodies', '[{"sharedWithAccounts":["1102"]}]'],
  ])('are found: %s', async (_, body) => {
    expect(await sendLimited(newTest, body)).toEqual(foreign)
  })

  test.each<[string, string | Buffer, string?]>([
    ['named twice, the granted last', '{"sharedWithAccounts":["1102"],"sharedWithAccounts":["1101"]}'],
    [
      'named twice in a string that looks like a name',
      '{"a":"\\":","sharedWithAccounts":["1102"],"sharedWithAccounts":[]}',
    ],
    ['no JSON', '{"sharedWithAccounts":["1102"],}'],
    ['with a comment', '{/* */"sharedWithAccounts":["1102"]}'],
    ['in UTF-16', Buffer.from('{"sharedWithAccounts":["1102"]}', 'utf16le')],
    [
      'in longer UTF-8 than need be',
      Buffer.concat([
        Buffer.from('{"'),
        Buffer.from([0xc1, 0xb3]),
        Buffer.from('haredWithAccounts":["1102"]}'),
      ]),
    ],
    ['in a charset of its own', '{"testName":"one"}', 'application/json; charset=IBM037'],
  ])('are looked for in one reading alone: %s', async (_, body, type) => {
    expect(await sendLimited(newTest, body, type)).toEqual(unreadable)
  })

  test.each<[string, string, string?]>([
    ['an empty list', '{"sharedWithAccounts":[]}'],
    ['null', '{"sharedWithAccounts":null}'],
    ['another member', '{"accountGroups":["1102"],"testName":"\\"sharedWithAccounts\\": 1102"}'],
    ['a type with its charset', '{"sharedWithAccounts":["1101"]}', 'application/json;charset=UTF-8'],
    ['a list of itself, nested deeper than any stack', `${'['.repeat(200_000)}${']'.repeat(200_000)}`],
  ])('do not stand in the way of %s', async (_, body, type) => {
    expect(await sendLimited(newTest, body, type)).toEqual(passed)
  })

  test('reach the upstream as they came', async () => {
    const body = '{ "sharedWithAccounts" : ["1101"], "interval":1.50 }'
    let read = ''
    await using gateway = await startGateway({
      async answer({ body: sent }) {
        for await (const piece of sent ?? []) read += piece
        return jsonAnswer('{}')
      },
    })
    gateway.grants.set(accessToken, headquarters)
    await request(gateway.url)
      .post('/v7/tests/http-server')
      .type('json')
      .auth(accessToken, bearer)
      .send(body)
      .expect(200)
    expect(read).toBe(body)
    expect(gateway.sent[0]?.headers['content-length']).toBe(String(body.length))
  })

  test('are no affair of a connection that has all, or of a User API Token', async () => {
    await using gateway = await startGateway()
    for (const token of [accessToken, userApiToken])
      for (const body of ['{"sharedWithAccounts":["1102","9999"]}', 'no JSON'])
        await request(gateway.url)
          .post('/v7/tests/http-server')
          .type('json')
          .auth(token, bearer)
          .send(body)
          .expect(200)
    expect(gateway.sent).toHaveLength(4)
  })

  test('become foreign when the user reaches one more', async () => {
    const groups = [{ aid: aid('1101'), name: 'HQ', isLogin: true }]
    await using gateway = await startGateway({ accountGroups: () => groups })
    gateway.grants.set(accessToken, headquarters)
    const share = () =>
      request(gateway.url)
        .post('/v7/tests/http-server')
        .auth(accessToken, bearer)
        .send({ sharedWithAccounts: ['1102'] })
    await share().expect(200)
    groups.push({ aid: aid('1102'), name: 'Branches', isLogin: false })
    gateway.clock.advance(1)
    expect((await share().expect(403)).body).toMatchObject({
      code: 'account_group_not_granted',
      detail: 'The connection does not include account groups that the body names: 1102.',
    })
  })

  test('are not sought in a file, so agents are moved by JSON', async () => {
    const operation = ['post', '/endpoint/agents/transfer/bulk'] as const
    expect(await sendLimited(operation, 'agentId,fromAid,toAid\n7,1101,1101\n', 'text/csv')).toEqual(foreign)
  })

  test('stand in a body of one megabyte at the most, announced or not', async () => {
    await using gateway = await startGateway()
    const post = (body: string | ReadableStream) =>
      fetch(`${gateway.url}/v7/tests/http-server`, {
        method: 'POST',
        body,
        duplex: 'half',
        headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
      } as RequestInit)
    const long = `{"description":"${'a'.repeat(1_100_000)}"}`
    for (const body of [long, new Blob([long]).stream()]) {
      const answer = await post(body)
      expect([answer.status, await answer.json()]).toMatchObject([413, { code: 'body_too_large' }])
    }
    expect(gateway.sent).toEqual([])
    expect((await post('{}')).status).toBe(200)
  })
})

describe('operations about all account groups', () => {
  test.each<readonly [Method, string]>([
    ['get', '/quotas'],
    ['post', '/quotas/assign'],
    ['post', '/quotas/unassign'],
    ['get', '/usage/units/enterprise-agents'],
  ])('are for connections that have them all: %s %s', async (method, path) => {
    await using gateway = await startGateway()
    const call = () => request(gateway.url)[method](`/v7${path}`).auth(accessToken, bearer)
    await call().expect(200)
    gateway.grants.set(accessToken, headquarters)
    expect((await call().expect(403)).body).toMatchObject({ code: 'account_group_not_granted' })
    expect(gateway.sent).toHaveLength(1)
  })
})

describe('GET /v7/account-groups', () => {
  const both = '{"accountGroups": [{"aid":"1101","name":"HQ"}, {"aid":1102,"name":"Branches"}],"_links":{}}'

  test('tells a connection its own account groups', async () => {
    await using gateway = await startGateway({ answer: () => jsonAnswer(both) })
    const list = () => request(gateway.url).get('/v7/account-groups').auth(accessToken, bearer).expect(200)
    expect((await list()).text).toBe(both)
    gateway.grants.set(accessToken, headquarters)
    expect((await list()).text).toBe('{"accountGroups":[{"aid":"1101","name":"HQ"}],"_links":{}}')
  })

  test('tells nothing that it cannot read', async () => {
    await using gateway = await startGateway({ answer: () => jsonAnswer('{"groups":[{"aid":"1102"}]}') })
    const answer = await request(gateway.url).get('/v7/account-groups').auth(accessToken, bearer).expect(502)
    expect(answer.body).toMatchObject({ code: 'upstream_answer_unusable' })
    expect(answer.text).not.toContain('1102')
  })

  test('passes refusals of the upstream on', async () => {
    await using gateway = await startGateway({ answer: () => ({ status: 403, headers: {}, body: 'no' }) })
    await request(gateway.url).get('/v7/account-groups').auth(accessToken, bearer).expect(403)
  })
})

interface Schema {
  readonly ref?: string
  readonly readOnly?: true
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly additionalProperties?: Schema | boolean
  readonly discriminator?: { readonly mapping?: Readonly<Record<string, string>> }
  readonly oneOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
}

const schemas = JSON.parse(
  await readFile(new URL('../../config/v7/schemas.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, Schema>>

/** Names of all members that a body of the schema may have, but those that only answers have. */
function membersOf(schema: Schema, seen: Set<string>): readonly string[] {
  if (schema.ref !== undefined) {
    if (seen.has(schema.ref)) return []
    seen.add(schema.ref)
    return membersOf(schemas[schema.ref] ?? {}, seen)
  }
  const own = Object.entries(schema.properties ?? {}).filter(([, inner]) => !inner.readOnly)
  const more = typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : []
  const parts = [...(schema.oneOf ?? []), ...(schema.anyOf ?? []), ...(schema.allOf ?? [])]
  const mapped = Object.values(schema.discriminator?.mapping ?? {}).map((ref): Schema => ({ ref }))
  const inner = [
    ...own.map(([, one]) => one),
    ...(schema.items ? [schema.items] : []),
    ...more,
    ...parts,
    ...mapped,
  ]
  return [...own.map(([name]) => name), ...inner.flatMap((one) => membersOf(one, seen))]
}

describe('config/account-groups.yaml', () => {
  const rows = readOperationRows()
  const rules = readGroupRules()

  test('speaks of every member of a body that looks as if it named account groups', async () => {
    const { others } = await rules
    const left = (await rows).flatMap(({ id, body }) => {
      const found = operations.find((operation) => operation.id === id)?.otherGroups
      const names = body?.schema === undefined ? [] : membersOf({ ref: body.schema }, new Set())
      return names
        .filter(
          (name) => /aid$|account/i.test(name) && !found?.inBody?.members.has(name) && !others.includes(name),
        )
        .map((name) => `${id}: ${name}`)
    })
    expect([...new Set(left)]).toEqual([])
  })

  test('has no rule without an operation, and no member that no body has', async () => {
    const known = new Set(
      (await rows).flatMap(({ body }) => (body?.schema ? membersOf({ ref: body.schema }, new Set()) : [])),
    )
    const named = operations.flatMap(({ otherGroups }) => [...(otherGroups?.inBody?.members.keys() ?? [])])
    expect([...new Set(named)].filter((name) => !known.has(name))).toEqual([])
    const reads = operations.filter(({ isRead, otherGroups }) => isRead && otherGroups)
    expect(reads.map(({ id }) => id).toSorted()).toEqual([
      'getAccountGroups',
      'getEnterpriseAgentsUnitsUsage',
      'getQuotas',
      'getTestsUnitsUsage',
      'getUsage',
    ])
  })
})
