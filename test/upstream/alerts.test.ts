import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls, origin, viewer } from './emulator-calls.ts'
import { pagesOf } from './paged-calls.ts'
import { violations } from './schema-check.ts'

interface Alert {
  readonly id: string
  readonly alertType: string
  readonly alertRuleId: string
  readonly alertState: string
  readonly startDate: string
  readonly endDate?: string
  readonly _links: { readonly test: { readonly href: string } }
}

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const alertsOf = async (query: string): Promise<readonly Alert[]> => {
  const first = await calls.call('GET', '/alerts', { query })
  expect(first.status).toBe(200)
  return (await pagesOf(calls, first, 'alerts')).flat() as readonly Alert[]
}

/** Lets time pass until something is wrong somewhere. */
async function untilActive(): Promise<readonly Alert[]> {
  for (let round = 0; round < 500; round += 1) {
    const active = await alertsOf('')
    if (active.length > 0) return active
    calls.clock.advance(300)
  }
  throw new Error('no alert within two days')
}

describe('an alert of a test with an alert suppression window', () => {
  const suppress = (testId: string, startAt: number, duration: number) =>
    calls.call('POST', '/alert-suppression-windows', {
      body: { name: 'Maintenance', startDate: new Date(startAt).toISOString(), duration, testIds: [testId] },
    })
  const testOf = ({ _links }: Alert): string => _links.test.href.split('/').at(-1) ?? ''
  const both = async (id: string) => {
    const listed = (await calls.call('GET', '/alerts', { query: 'window=1d' })).body.alerts
    const read = (await calls.call('GET', `/alerts/${id}`)).body
    return [listed.find((one: Alert) => one.id === id), read].map(({ suppressed, meta, alertState }) => [
      alertState,
      suppressed,
      meta.version,
    ])
  }

  test('goes on suppressed while the window holds, and is triggered anew when it ends', async () => {
    const [alert] = (await untilActive()) as readonly [Alert]
    const twice = (...one: unknown[]) => [one, one]
    expect(await both(alert.id)).toEqual(twice('trigger', false, 1))
    await suppress(testOf(alert), calls.clock.now(), 10)
    expect(await both(alert.id)).toEqual(twice('trigger', true, 1))
    calls.clock.advance(11)
    expect(await both(alert.id)).toEqual(twice('trigger', false, 2))
  })

  test('is not suppressed by a window that is over before it, on another test, or switched off, nor when it has cleared', async () => {
    const [alert] = (await untilActive()) as readonly [Alert]
    const other = testOf(alert) === '110301' ? '110302' : '110301'
    await suppress(other, calls.clock.now(), 10)
    await suppress(testOf(alert), Date.parse(alert.startDate) - 20_000, 10)
    const off = await suppress(testOf(alert), calls.clock.now(), 10)
    const path = `/alert-suppression-windows/${off.body.alertSuppressionWindowId}`
    await calls.call('PUT', path, { body: { isEnabled: false } })
    expect((await both(alert.id))[1]).toEqual(['trigger', false, 1])
    await suppress(testOf(alert), calls.clock.now(), 86_400)
    expect((await both(alert.id))[1]).toEqual(['trigger', true, 1])
    calls.clock.advance(8 * 3600)
    expect((await both(alert.id))[1]).toEqual(['clear', false, 1])
  })
})

describe('an alert of a test that another account group shares', () => {
  test('follows from the rule of the account group that it is shared with, from then on, and is told to that one alone', async () => {
    const [alert] = (await untilActive()) as readonly [Alert]
    const path = new URL(alert._links.test.href).pathname.replace('/v7', '')
    const { body: read } = await calls.call('GET', path, { query: 'expand=agent' })
    const names = read.dnsServers?.map(({ serverName }: { serverName: string }) => serverName)
    const sent = { ...read, ...(names && { dnsServers: names }) }
    const put = (aid: string, change: object) =>
      calls.call('PUT', path, { aid, body: { ...sent, ...change } })
    const shared = await put('1101', { sharedWithAccounts: ['1102'] })
    expect(shared.status, shared.text).toBe(200)
    const rule = {
      ruleName: 'Ours',
      alertType: alert.alertType,
      expression: '((probDetail != ""))',
      minimumSources: 1,
      roundsViolatingRequired: 1,
      roundsViolatingOutOf: 1,
    }
    const { body: ours } = await calls.call('POST', '/alerts/rules', { aid: '1102', body: rule })
    expect((await put('1102', { alertRules: [ours.ruleId] })).status).toBe(200)
    const rulesIn = async (aid: string) => {
      const { body } = await calls.call('GET', '/alerts', { aid })
      return body.alerts.map((one: Alert) => one.alertRuleId)
    }
    expect(await rulesIn('1102')).toEqual([])
    for (let rounds = 0; (await rulesIn('1102')).length === 0 && rounds < 500; rounds += 1)
      calls.clock.advance(300)
    expect(await rulesIn('1102')).toEqual([ours.ruleId])
    expect(await rulesIn('1101')).toContain(alert.alertRuleId)
    expect(await rulesIn('1101')).not.toContain(ours.ruleId)
    expect((await put('1102', { alertRules: [] })).status).toBe(200)
    expect(await rulesIn('1102')).toEqual([])
  })
})

describe('GET /alerts', () => {
  test('lists only active alerts without a time, in the form of the document', async () => {
    await untilActive()
    const { headers, body } = await calls.call('GET', '/alerts')
    expect(headers['content-type']).toBe('application/hal+json;charset=UTF-8')
    expect(violations('Alerts', body)).toEqual([])
    for (const alert of body.alerts) {
      expect(alert).toMatchObject({ alertState: 'trigger', state: 'ACTIVE', alertId: alert.id })
      expect(alert).not.toHaveProperty('endDate')
      expect(alert.dateStart).toBe(alert.startDate.replace('T', ' ').replace('Z', ''))
      expect(alert.ruleId).toBe(Number(alert.alertRuleId))
    }
    expect(await alertsOf('state=trigger')).toHaveLength(body.alerts.length)
  })

  test('lists cleared alerts by when they cleared, youngest first', async () => {
    const range = 'startDate=2029-12-25T00:00:00Z&endDate=2029-12-28T00:00:00Z'
    const cleared = await alertsOf(`state=clear&${range}`)
    expect(cleared.length).toBeGreaterThan(5)
    for (const { endDate = '', alertState } of cleared) {
      expect(alertState).toBe('clear')
      expect(endDate >= '2029-12-25T00:00:00Z' && endDate <= '2029-12-28T00:00:00Z').toBe(true)
    }
    const starts = cleared.map(({ startDate }) => startDate)
    expect(starts).toEqual([...starts].sort().reverse())
    expect(new Set(cleared.map(({ id }) => id)).size).toBe(cleared.length)
  })

  test('filters triggered alerts by when they started', async () => {
    const [youngest] = await untilActive()
    const at = youngest?.startDate ?? ''
    const ids = (await alertsOf(`state=trigger&startDate=${at}`)).map(({ id }) => id)
    expect(ids).toContain(youngest?.id)
    const before = new Date(Date.parse(at) - 1000).toISOString()
    expect(
      await alertsOf(`state=trigger&startDate=2029-11-01T00:00:00Z&endDate=${before}`),
    ).not.toContainEqual(youngest)
  })

  test('lists both in a range without a state: cleared within it, active begun before its end', async () => {
    const active = await untilActive()
    const both = await alertsOf('window=2d')
    const states = new Set(both.map(({ alertState }) => alertState))
    expect(states).toEqual(new Set(['clear', 'trigger']))
    expect(both.map(({ id }) => id)).toEqual(expect.arrayContaining(active.map(({ id }) => id)))
  })

  test('takes max and pages on', async () => {
    const first = await calls.call('GET', '/alerts', { query: 'state=clear&window=30d&max=7' })
    expect(first.body.alerts).toHaveLength(7)
    const pages = await pagesOf(calls, first, 'alerts')
    expect(pages.flat()).toEqual(await alertsOf('state=clear&window=30d'))
  })

  test('belongs to tests and rules of the account group', async () => {
    const tests = (await calls.call('GET', '/tests')).body.tests.map(
      ({ testId }: { testId: string }) => testId,
    )
    for (const { _links } of await alertsOf('state=clear&window=14d'))
      expect(tests).toContain(_links.test.href.split('/').at(-1))
    const elsewhere = await calls.call('GET', '/alerts', { query: 'state=clear&window=14d', aid: '1102' })
    expect(new Set(elsewhere.body.alerts.map((one: Alert) => one._links.test.href))).toEqual(
      new Set([`${origin}/v7/tests/http-server/110601?aid=1102`]),
    )
  })

  test('has no more of a test whose alerts are off, and others for other rules', async () => {
    const ofTest = async (): Promise<readonly Alert[]> =>
      (await alertsOf('state=clear&window=14d')).filter(({ _links }) => _links.test.href.includes('/110303'))
    const before = await ofTest()
    expect(before.length).toBeGreaterThan(0)
    const later = async (): Promise<readonly Alert[]> => {
      calls.clock.advance(14 * 86_400)
      return await ofTest()
    }
    const picky = {
      ruleName: 'Never',
      alertType: 'end-to-end-server',
      expression: '((loss >= 99%))',
      minimumSources: 9,
      roundsViolatingOutOf: 1,
    }
    const { ruleId } = (await calls.call('POST', '/alerts/rules', { body: picky })).body
    await calls.call('PUT', '/tests/agent-to-server/110303', { body: { alertRules: [ruleId] } })
    expect(await ofTest()).toEqual(before)
    expect(await later()).toEqual([])
    await calls.call('PUT', '/tests/agent-to-server/110303', { body: { alertRules: ['110102'] } })
    expect((await later()).length).toBeGreaterThan(0)
    await calls.call('PUT', '/tests/agent-to-server/110303', { body: { alertsEnabled: false } })
    expect(await later()).toEqual([])
  })

  test.each(['state=open', 'max=0', 'max=-1', 'max=many', 'window=1h&startDate=2029-12-25T00:00:00Z'])(
    '%s is refused',
    async (query) => {
      expect((await calls.call('GET', '/alerts', { query })).status).toBe(400)
    },
  )
})

describe('GET /alerts/{alertId}', () => {
  test('tells what each agent measured, in the form of the document, and stays when the alert clears', async () => {
    const [alert] = await untilActive()
    const { status, body } = await calls.call('GET', `/alerts/${alert?.id}`, { as: viewer })
    expect(status).toBe(200)
    expect(violations('AlertDetail', body)).toEqual([])
    expect(body).toMatchObject({ id: alert?.id, startDate: alert?.startDate, state: 'trigger' })
    expect(body.details.length).toBe(body.violationCount)
    calls.clock.advance(86_400)
    const later = await calls.call('GET', `/alerts/${alert?.id}`)
    expect(violations('AlertDetail', later.body)).toEqual([])
    expect(later.body).toMatchObject({ id: alert?.id, state: 'clear' })
    expect(later.body.details[0].end.metrics).not.toBe(later.body.details[0].start.metrics)
  })

  test('agrees with the results of the test', async () => {
    const alerts = await alertsOf('state=clear&window=20d')
    const alert = alerts.find(({ alertType }) => alertType === 'end-to-end-server')
    const { body } = await calls.call('GET', `/alerts/${alert?.id}`)
    const testId = alert?._links.test.href.split('/').at(-1)
    const at = Date.parse(alert?.startDate ?? '') / 1000
    const query = `startDate=${alert?.startDate}&endDate=${alert?.startDate}`
    const { results } = (await calls.call('GET', `/test-results/${testId}/network`, { query })).body
    const bad = results.filter(({ loss }: { loss: number }) => loss >= 20)
    expect(new Set(results.map(({ roundId }: { roundId: number }) => roundId))).toEqual(new Set([at]))
    expect(bad.map(({ agent }: { agent: { agentId: string } }) => agent.agentId)).toEqual(
      body.details.map(({ id }: { id: string }) => id),
    )
  })

  test('of others, and what is no alert, is not found', async () => {
    const foreign = await calls.call('GET', '/alerts', { query: 'state=clear&window=14d', aid: '1102' })
    for (const id of [foreign.body.alerts[0].id, 'e9c3bf02-a48c-4aa8-9e5f-898800d6f569', 'x'])
      expect((await calls.call('GET', `/alerts/${id}`)).status).toBe(404)
  })
})
