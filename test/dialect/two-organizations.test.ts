import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Came, type Ground, openGround } from './ground.ts'
import { named, type Row, rows } from './sample-bodies.ts'
import { otherToken, withSeed } from './shared-region.ts'
import { done, pathOf } from './valid-ids.ts'
import { expandAll, type ValidRequest, validRequest } from './valid-requests.ts'

let shared: Ground
let alone: Ground

const control = async ({ service }: Ground, method: string, path: string, body?: object): Promise<Response> =>
  fetch(`${service.url}/emulator${path}`, {
    method,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })

const creates = ({ method, parameters, answer }: Row): boolean =>
  method === 'POST' && parameters.length === 0 && answer.status === 201

beforeAll(async () => {
  shared = await withSeed('shared', (file) => openGround({ PANOPTES_SEED: file }))
  alone = await withSeed('alone', (file) => openGround({ PANOPTES_SEED: file }))
  for (const row of rows.filter(creates)) {
    const { query, body } = await validRequest(shared, row, { isFull: true })
    done(await shared.call('POST', row.path, { query, body }), row.path)
  }
  await control(shared, 'PUT', '/snapshots/filled')
}, 60_000)
afterAll(() => Promise.all([shared.close(), alone.close()]))

/** Both stand at one instant, as answers tell of it. */
async function standStill(): Promise<void> {
  const { now } = (await (await control(shared, 'POST', '/clock/freeze')).json()) as { readonly now: string }
  await control(alone, 'POST', '/clock/freeze')
  await control(alone, 'POST', '/clock/set', { now })
}

async function begin(): Promise<void> {
  await control(shared, 'POST', '/clock/resume')
  const restored = await control(shared, 'POST', '/snapshots/filled/load')
  expect(restored.status).toBeLessThan(300)
  await alone.reset()
}

/** What was written in the first organization's name. */
async function firstRecords(): Promise<readonly string[]> {
  await control(shared, 'PUT', '/snapshots/now')
  const { records } = (await (await control(shared, 'GET', '/snapshots/now')).json()) as {
    readonly records: readonly { readonly key: string; readonly value: string }[]
  }
  return records
    .filter(({ key, value }) => key.startsWith('v7:') && /"orgId":"110"/.test(value))
    .map(({ key, value }) => `${key} ${value}`)
}

const ids = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}|\b[\da-f]{24}\b|\b\d{3,}\b/g

const isRead = ({ method, path }: Row): boolean => method === 'GET' || path.endsWith('/filter')

/** What the other organization is told; ids of what it just made are as they come. */
function told({ service }: Ground, row: Row, { status, text }: Came): string {
  const words = text.replaceAll(service.url, '')
  return `${status} ${isRead(row) || status >= 400 ? words : words.replaceAll(ids, 'id')}`
}

/** Queries that reach as far as they can. */
const queriesOf = (row: Row, { query }: ValidRequest): readonly string[] => {
  const wide = [query, 'useAllPermittedAids' in row.query ? 'useAllPermittedAids=true' : '']
  const all = expandAll(row, wide.filter((words) => words !== '').join('&'))
  return 'aid' in row.query ? [all, `${all}${all && '&'}aid=1101`, `${all}${all && '&'}aid=2102`] : [all]
}

interface AskedOfBoth {
  readonly query: string
  readonly body: unknown
}

/** Asks both and compares. @returns the status */
async function expectSame(row: Row, path: string, asked: AskedOfBoth): Promise<number> {
  const call = { ...asked, token: otherToken }
  const [beside, without] = [
    await shared.call(row.method, path, call),
    await alone.call(row.method, path, call),
  ]
  expect({ ...asked, told: told(shared, row, beside) }).toEqual({ ...asked, told: told(alone, row, without) })
  return beside.status
}

const ownLaptop = '3fde6422-f119-40e1-ae32-000000002101'
const laptop = '3fde6422-f119-40e1-ae32-000000001101'

/** Calls about its own objects whose bodies name what the first organization has. */
const namings = [
  ['PUT', '/agents/210201', { agentName: 'acme-hq-1' }],
  ['PUT', '/agents/210201', { accountGroups: ['1102'] }],
  ['PUT', '/agents/210201', { tests: ['110301'] }],
  ['POST', '/agents/210201/tests/assign', { testIds: ['110301'] }],
  ['POST', '/agents/210201/cluster/assign', { agents: ['110202'] }],
  ['PUT', '/account-groups/2101', { accountGroupName: 'Globex', agents: ['110201'] }],
  ['PUT', '/account-groups/2101', { accountGroupName: 'Acme HQ', agents: [] }],
  ['PUT', '/users/2001', { accountGroupRoles: [{ accountGroupId: '1101', roleIds: ['37'] }] }],
  ['PUT', '/tests/http-server/210301', { agents: [{ agentId: '110201' }] }],
  ['PUT', '/tests/http-server/210301', { sharedWithAccounts: ['1101'] }],
  ['PUT', '/tests/http-server/210301', { alertRules: ['110101'] }],
  ['PATCH', '/endpoint/tests/scheduled-tests/http-server/210402', { agents: [laptop] }],
  ['POST', `/endpoint/agents/${ownLaptop}/transfer`, { toAid: '1101' }],
  [
    'POST',
    '/endpoint/agents/transfer/bulk',
    {
      transfers: [
        { agentId: laptop, fromAid: '1101', toAid: '2101' },
        { agentId: laptop, fromAid: '2101', toAid: '2102' },
        { agentId: ownLaptop, fromAid: '2101', toAid: '1102' },
      ],
    },
  ],
] as const

function rowOf(method: string, path: string): Row {
  const fitting = rows.filter(
    (row) => row.method === method && new RegExp(`^${row.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path),
  )
  const [row] = fitting.toSorted((a, b) => a.parameters.length - b.parameters.length)
  if (!row) throw new Error(`${method} ${path} is no operation`)
  return row
}

describe('another organization of the region', () => {
  test.each(named(rows))('is answered %s as if it were alone', async (_, row) => {
    await begin()
    const valid = await validRequest(shared, row, { isFull: true })
    const path = pathOf(row, valid.parameters)
    const before = await firstRecords()
    await standStill()
    const statuses: number[] = []
    for (const query of queriesOf(row, valid))
      statuses.push(await expectSame(row, path, { query, body: valid.body }))
    if (isRead(row) && row.parameters.length === 0) expect(statuses[0]).toBe(200)
    expect(before.length).toBeGreaterThan(30)
    expect(await firstRecords()).toEqual(before)
  })
  test.each(namings)(
    'is answered %s %s with a body of %j as if it were alone',
    async (method, path, body) => {
      await begin()
      const before = await firstRecords()
      await standStill()
      await expectSame(rowOf(method, path), path, { query: '', body })
      for (const ground of [shared, alone]) await control(ground, 'POST', '/clock/advance', { by: '1m' })
      for (const list of ['/agents', '/endpoint/agents', '/tests', '/account-groups', '/users'])
        await expectSame(rowOf('GET', list), list, { query: '', body: undefined })
      expect(await firstRecords()).toEqual(before)
    },
  )

  test('is given no agent of the first, neither by its id nor by theirs', async () => {
    await begin()
    const given = await shared.call('PUT', '/agents/110202', { body: { accountGroups: ['1102', '2101'] } })
    expect([given.status, given.body.errors?.[0]?.field]).toEqual([400, 'accountGroups'])
    expect(given.text).not.toContain('Globex')
    const within = await shared.call('PUT', '/agents/110202', { body: { accountGroups: ['1102'] } })
    expect(within.status).toBe(200)
  })
})
