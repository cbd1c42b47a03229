import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'

const documentedToken = 'f537f4ac-2921-3199-bbab-d5a43f1c2b60'

// biome-ignore lint/suspicious/noExplicitAny: bodies of v7 differ per operation, and tests name what they expect
async function read({ url }: RunningPanoptes, path: string, token: string = documentedToken): Promise<any> {
  const answer = await fetch(`${url}/v7${path}`, { headers: { authorization: `Bearer ${token}` } })
  expect([path, answer.status]).toEqual([path, 200])
  return answer.json()
}

describe('emulate --seed large', () => {
  let panoptes: RunningPanoptes
  beforeAll(async () => {
    panoptes = await startPanoptes(['--seed', 'large'])
  })
  afterAll(() => panoptes.stop())

  test('shows an administrator 20 account groups, 200 agents and 2,000 tests', async () => {
    const { accountGroups } = await read(panoptes, '/account-groups')
    const { agents } = await read(panoptes, '/agents')
    const { tests } = await read(panoptes, '/tests')
    expect([accountGroups.length, agents.length, tests.length]).toEqual([20, 200, 2_000])
  })

  test('has 100 tests in each account group', async () => {
    const { tests } = await read(panoptes, '/tests?aid=1120')
    expect(tests).toHaveLength(100)
  })

  test('pages through 500 endpoint agents, each once', async () => {
    const ids = new Set<string>()
    let path = '/endpoint/agents?useAllPermittedAids=true'
    let pages = 0
    while (path !== '') {
      const { agents, _links } = await read(panoptes, path)
      for (const { id } of agents) ids.add(id)
      pages += 1
      path = _links.next ? _links.next.href.split('/v7')[1] : ''
    }
    expect([ids.size, pages]).toEqual([500, 5])
  })

  test('has results for its tests', async () => {
    const { results, _links } = await read(panoptes, '/test-results/11013001/network?window=2h')
    expect(results).toHaveLength(100)
    expect(_links.next.href).toContain('cursor=')
  })
})

/** The example of docs/seeds.md. */
const example = (): string =>
  /```yaml\n([^`]*organizations:[^`]*)```/.exec(readFileSync('docs/seeds.md', 'utf8'))?.[1] ?? ''

describe('emulate --seed FILE', () => {
  test('serves what the file of the guide says', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'panoptes-seed-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'harbour.yaml'), example())
    await using panoptes = await startPanoptes(['--seed', join(folder, 'harbour.yaml')])
    const token = '7c1f0a52-5b1e-4c58-9c0d-2f4f3a0d6e11'
    const { accountGroups } = await read(panoptes, '/account-groups', token)
    const { tests } = await read(panoptes, '/tests?aid=5101', token)
    const { alertRules } = await read(panoptes, '/alerts/rules?aid=5101', token)
    expect(accountGroups.map((group: { accountGroupName: string }) => group.accountGroupName)).toEqual([
      'Harbour Head Office',
      'Harbour Terminal Bergen',
      'Harbour Terminal Gdansk',
      'Harbour Terminal Porto',
    ])
    expect(tests.map(({ testName }: { testName: string }) => testName)).toEqual([
      'Crane 1 of Head Office',
      'Crane 2 of Head Office',
      'Crane 3 of Head Office',
      'Berth plan',
    ])
    expect(alertRules).toContainEqual(expect.objectContaining({ ruleName: 'Cranes of Head Office' }))
    expect(alertRules).toContainEqual(expect.objectContaining({ ruleName: 'Default HTTP Alert Rule 2.0' }))
  })

  test('makes an organization that has no public snapshots', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'panoptes-seed-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'closed.yaml')
    const open = readFileSync('config/seeds/default.yaml', 'utf8')
    writeFileSync(file, open.replace("- id: '110'\n", "- id: '110'\n    publicSnapshots: false\n"))
    const statuses: Record<string, unknown> = {}
    for (const seed of ['default', file]) {
      await using panoptes = await startPanoptes(['--seed', seed])
      const post = async (path: string, body: object): Promise<Response> =>
        fetch(`${panoptes.url}/v7${path}`, {
          method: 'POST',
          headers: { authorization: `Bearer ${documentedToken}`, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        })
      const span = { startDate: '2026-01-01T00:00:00Z', endDate: '2026-01-01T01:00:00Z' }
      const ofTests = [undefined, false, true].map((isPublic) =>
        post('/tests/110301/snapshot', { displayName: 'Kept', ...span, isPublic }),
      )
      const dashboard = await post('/dashboards', { title: 'Board', isBuiltIn: false })
      const { dashboardId } = (await dashboard.json()) as { readonly dashboardId: string }
      const ofDashboard = await post('/dashboard-snapshots', { dashboardId, ...span, displayName: 'Kept' })
      const answers = [...(await Promise.all(ofTests)), ofDashboard]
      statuses[seed] = answers.map(({ status }) => status)
      if (seed === file)
        expect(await answers[0]?.text()).toContain('Public snapshots are not enabled for this organization.')
    }
    expect(statuses).toEqual({ default: [201, 201, 201, 201], [file]: [403, 403, 403, 201] })
  })
})
