import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Ground, openGround } from './ground.ts'
import { named, type Row, rows } from './sample-bodies.ts'
import { pathOf } from './valid-ids.ts'
import { validRequest } from './valid-requests.ts'

/** Of the Regular User, to whom the seed gives none. */
const token = '0d5c9c3e-6a5b-4c1e-9f0a-3b1f5d2e7a90'

const folder = mkdtempSync(join(tmpdir(), 'panoptes-roles-'))
let ground: Ground
beforeAll(async () => {
  const seed = join(folder, 'seed.yaml')
  const text = readFileSync('config/seeds/default.yaml', 'utf8')
  writeFileSync(seed, text.replace(/(email: viewer@acme\.example\n)(\s+)/, `$1$2userApiToken: ${token}\n$2`))
  ground = await openGround({ PANOPTES_SEED: seed })
}, 60_000)
afterAll(async () => {
  await ground.close()
  rmSync(folder, { recursive: true })
})
beforeEach(() => ground.reset())

/** What a Regular User may write, with the permission that the document or its table of roles names. */
const writes: Readonly<Record<string, string>> = {
  createTestSnapshot: 'Create snapshot shares',
  createDashboard: 'Edit own dashboard templates',
  createDashboardFilter: 'Edit own dashboard templates',
  createDashboardSnapshot: 'Edit own snapshots',
  regenerateApiToken: 'its own token',
}

/** What a Regular User may not read. */
const closed: Readonly<Record<string, string>> = {
  getUsage: 'View billing',
  getEnterpriseAgentsUnitsUsage: 'View organization usage',
  getTestsUnitsUsage: 'View organization usage',
  getQuotas: 'Edit organization and account group quotas',
  getEndpointAgentsConnectionString: 'Download Endpoint Agents',
  getCredentials: 'View sensitive data in web transaction scripts',
  getCredential: 'View sensitive data in web transaction scripts',
  getAgentsNotificationRules: 'View agent notifications',
  getAgentsNotificationRule: 'View agent notifications',
  getAccountGroup: 'View all account groups settings',
  getUsers: 'View all users',
  getUser: 'View all users',
  getRoles: 'View roles',
  getRole: 'View roles',
  getUserEvents: 'View activity log for all users in account group',
  getPermissions: 'Assign management permissions',
}

const isSearch = ({ path }: Row): boolean => path.endsWith('/filter')

describe('a Regular User', () => {
  test.each(named(rows))('%s is answered as its role allows', async (_, row) => {
    const { parameters, query, body } = await validRequest(ground, row)
    const { status, text } = await ground.call(row.method, pathOf(row, parameters), { query, body, token })
    const isOpen = row.method === 'GET' || isSearch(row) ? !(row.id in closed) : row.id in writes
    expect(status, text).toBe(isOpen ? row.answer.status : 403)
    if (row.id in closed) expect(text).toContain(closed[row.id])
  })

  test('is told of by no word of an operation that there is not', () => {
    const ids = new Set(rows.map(({ id }) => id))
    expect([...Object.keys(writes), ...Object.keys(closed)].filter((id) => !ids.has(id))).toEqual([])
  })
})
