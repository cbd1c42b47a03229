import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { connect, meraki } from './integrations.ts'
import { callV7 } from './v7.ts'

/** The User API Token of the product documentation's own example. */
const token = 'f537f4ac-2921-3199-bbab-d5a43f1c2b60'

interface Paged {
  readonly results: readonly { readonly roundId: number; readonly agent: { readonly agentId: string } }[]
  readonly _links: { readonly next?: { readonly href: string } }
}

interface ActivityLog {
  readonly auditEvents: readonly { readonly event: string; readonly uid: string; readonly user: string }[]
}

let service: RunningPanoptes
beforeAll(async () => {
  service = await startPanoptes()
})
afterAll(() => service.stop())

describe('measurements, through the gateway', () => {
  test('pages of results follow one another by their next links alone', async () => {
    const rows: string[] = []
    let next: string | undefined = `${service.url}/v7/test-results/110301/network?window=1d&aid=1101`
    while (next !== undefined) {
      const { origin, pathname, search } = new URL(next)
      expect(origin).toBe(service.url)
      const { status, body }: { status: number; body: Paged } = await callV7<Paged>(
        service,
        token,
        `${pathname}${search}`,
      )
      expect(status).toBe(200)
      rows.push(...body.results.map(({ roundId, agent }) => `${roundId} ${agent.agentId}`))
      next = body._links.next?.href
    }
    expect(rows).toHaveLength(new Set(rows).size)
    expect(rows.length).toBeGreaterThanOrEqual(288 * 3)
  })

  test.each(['/v7/alerts', '/v7/events?window=1d', '/v7/alerts/rules', '/v7/endpoint/agents'])(
    '%s answers without an account group and with one',
    async (path) => {
      const joint = path.includes('?') ? '&' : '?'
      for (const address of [path, `${path}${joint}aid=1102`])
        expect((await callV7(service, token, address)).status).toBe(200)
    },
  )
})

describe('the activity log', () => {
  test('shows who signed in and who created a test', async () => {
    await connect(service, meraki)
    const json = {
      testName: 'Logged',
      url: 'https://logged.example',
      interval: 60,
      agents: [{ agentId: '3' }],
    }
    const created = await callV7(service, token, '/v7/tests/http-server', { method: 'POST', json })
    expect(created.status).toBe(201)
    const log = await callV7<ActivityLog>(service, token, '/v7/audit-user-events?window=1h')
    expect(log.body.auditEvents.map(({ event, uid }) => [event, uid])).toEqual([
      ['Test created.', '1001'],
      ['Login succeeded.', '1001'],
    ])
  })
})
