import { describe, expect, test } from 'vitest'
import { createFull } from './full-bodies.ts'
import type { Came } from './ground.ts'
import { groundOfFile } from './ground-of-file.ts'
import { named, type Row, resolve, rows, type Schema } from './sample-bodies.ts'
import { done, idOf, idsFor, pathOf } from './valid-ids.ts'
import { expandAll } from './valid-requests.ts'

const at = groundOfFile()

type Fields = Readonly<Record<string, unknown>>

const readOf = (row: Row): Row | undefined =>
  rows.find(({ method, path }) => method === 'GET' && path === row.path)

/** Everything that is read and written in one place. */
const updates = rows.filter(
  (row) => (row.method === 'PUT' || row.method === 'PATCH') && row.body && readOf(row) !== undefined,
)

/** What was made for the call with all that may be written, or what the seed has. */
async function placeOf(row: Row): Promise<string> {
  const collection = row.path.slice(0, row.path.indexOf('/{'))
  const isMade =
    row.path.endsWith('}') && rows.some(({ method, path }) => method === 'POST' && path === collection)
  const [name = ''] = row.parameters
  if (!isMade || row.path.startsWith('/dashboard-snapshots')) return pathOf(row, await idsFor(at.ground, row))
  return pathOf(row, { [name]: idOf(done(await createFull(at.ground, collection), row.path)) })
}

/** Where the document writes ids of what it reads as objects, their ids, as its clients send them. */
const idIn = (shown: Fields): unknown =>
  shown['serverName'] ??
  Object.entries(shown).find(([key]) =>
    /^(?:a?id|(?:test|agent|rule|monitor|label|permission)Id)$/.test(key),
  )?.[1]

function written(given: Schema | undefined, shown: unknown): unknown {
  const { type, items, properties } = resolve(given ?? {})
  if (Array.isArray(shown)) return shown.map((one) => written(items, one))
  if (typeof shown !== 'object' || shown === null) return shown
  if (type === 'string') return idIn(shown as Fields)
  return Object.fromEntries(
    Object.entries(shown).map(([key, value]) => [key, written(properties?.[key], value)]),
  )
}

/** What the document reads and writes under other names, or does not read at all. */
const otherwise: Readonly<Record<string, (shown: Fields) => Fields>> = {
  updateFtpServerTest: () => ({ password: 'a secret' }),
  updateUser: ({ accountGroupRoles, allAccountGroupRoles }) => ({
    accountGroupRoles: (accountGroupRoles as readonly ShownRoles[]).map(({ accountGroup, roles }) => ({
      accountGroupId: accountGroup.aid,
      roleIds: roles.map(({ roleId }) => roleId),
    })),
    allAccountGroupRoleIds: (allAccountGroupRoles as ShownRoles['roles']).map(({ roleId }) => roleId),
  }),
}

interface ShownRoles {
  readonly accountGroup: { readonly aid: string }
  readonly roles: readonly { readonly roleId: string }[]
}

/** Said anew by every write; the opaque text of a credential as well. */
const moving = new Set([
  'modifiedDate',
  'dashboardModifiedDate',
  'lastModifiedDate',
  'updatedDate',
  'modifiedBy',
  'updatedBy',
])

const still = ({ id }: Row, { body }: Came): unknown =>
  JSON.parse(
    JSON.stringify(body, (key, value) =>
      moving.has(key) || (id === 'updateCredential' && key === 'value') ? undefined : value,
    ),
  )

describe('what was read', () => {
  test.each(named(updates))('is taken by %s, which changes nothing', async (_, row) => {
    const read = readOf(row) as Row
    const path = await placeOf(row)
    const query = expandAll(read, '')
    const before = done(await at.ground.call('GET', path, { query }), path)
    const shown =
      row.body && resolve({ ref: row.body.schema }).type === 'array' ? before.body.items : before.body
    const body = written({ ref: row.body?.schema ?? '' }, shown)
    const came = await at.ground.call(row.method, path, {
      query: 'confirmDisabledObjects' in row.query ? 'confirmDisabledObjects=true' : '',
      body: Array.isArray(body) ? body : { ...(body as Fields), ...otherwise[row.id]?.(before.body) },
    })
    expect(came.status, came.text).toBe(row.answer.status)
    expect(still(row, await at.ground.call('GET', path, { query }))).toEqual(still(row, before))
  })
})
