import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, done, openCalls } from './emulator-calls.ts'
import {
  alertsOf,
  cloudAndEnterprise,
  createLossRule,
  hour,
  minute,
  recordOf,
  scheduleCalls,
} from './schedule-calls.ts'

let calls: Calls
beforeEach(async () => {
  calls = await openCalls()
})

const { create, change } = scheduleCalls(cloudAndEnterprise, () => calls)
const alerts = (id: string, query?: string) => alertsOf(calls, id, query)
const idsOf = async (id: string, query: string): Promise<readonly string[]> =>
  (await alerts(id, query)).map((alert) => alert.id)
const now = (): string => new Date(calls.clock.now()).toISOString().replace('.000', '')

interface Alerting {
  readonly id: string
  readonly ruleId: string
}

async function createAlerting(): Promise<Alerting> {
  const ruleId = await createLossRule(calls)
  return { id: await create({ alertRules: [ruleId], alertsEnabled: true }), ruleId }
}

/** Goes to a time at which an alert of the test is active that goes on for some minutes. */
async function untilActive(id: string): Promise<void> {
  calls.clock.advance(20 * 24 * hour)
  const long = (await alerts(id, 'state=clear&window=20d')).find(
    ({ startDate, endDate }) => Date.parse(endDate) - Date.parse(startDate) >= 300_000,
  )
  calls.clock.advance((Date.parse(long.startDate) - calls.clock.now()) / 1000 + 190)
}

/** The ways in which a test is parted from its rule, and gets it back. */
const ways: readonly (readonly [string, ((at: Alerting) => Promise<unknown>)[]])[] = [
  [
    'a test whose alerts are switched off',
    [({ id }) => change(id, { alertsEnabled: false }), ({ id }) => change(id, { alertsEnabled: true })],
  ],
  [
    'a test that a rule is taken from',
    [({ id }) => change(id, { alertRules: [] }), ({ id, ruleId }) => change(id, { alertRules: [ruleId] })],
  ],
  [
    'a rule that is given other tests',
    [['110303'], undefined].map((testIds) => async ({ id, ruleId }) => {
      const { tests: _, _links: __, ...rule } = await done(calls, 'GET', `/alerts/rules/${ruleId}`)
      return done(calls, 'PUT', `/alerts/rules/${ruleId}`, { body: { ...rule, testIds: testIds ?? [id] } })
    }),
  ],
]

describe.each(ways)('%s', (_, [part, join]) => {
  test('keeps alerts that had cleared, and has no more', async () => {
    const one = await createAlerting()
    calls.clock.advance(20 * 24 * hour)
    const before = await alerts(one.id, 'state=clear&window=20d')
    expect(before.length).toBeGreaterThan(3)
    await part?.(one)
    expect(await alerts(one.id, 'state=clear&window=20d')).toEqual(before)
    calls.clock.advance(20 * 24 * hour)
    expect(await idsOf(one.id, 'window=40d')).toEqual(before.map(({ id }) => id))
    await join?.(one)
    expect(await idsOf(one.id, 'window=40d')).toEqual(before.map(({ id }) => id))
    calls.clock.advance(20 * 24 * hour)
    expect((await alerts(one.id, 'window=20d')).length).toBeGreaterThan(0)
  })

  test('has its active alert cleared at that second, and another one if the incident goes on when it is back', async () => {
    const one = await createAlerting()
    await untilActive(one.id)
    const [{ id: alertId, startDate }] = await alerts(one.id)
    const at = now()
    await part?.(one)
    expect(await alerts(one.id)).toEqual([])
    const cleared = { id: alertId, startDate, endDate: at, alertState: 'clear' }
    expect(await alerts(one.id, 'window=1h')).toMatchObject([cleared])
    const { details, ...read } = (await calls.call('GET', `/alerts/${alertId}`)).body
    expect(read).toMatchObject(cleared)
    expect(details[0].start.metrics).toMatch(/^Packet Loss: (?!0%)/)
    expect(details[0]).not.toHaveProperty('end')
    calls.clock.advance(5)
    await join?.(one)
    expect(await alerts(one.id)).toEqual([])
    calls.clock.advance(minute)
    const again = await alerts(one.id)
    expect(again.map(({ id }) => id)).not.toContain(alertId)
    for (const { id, startDate: from } of again) {
      expect(from > at).toBe(true)
      expect((await calls.call('GET', `/alerts/${id}`)).body.startDate).toBe(from)
    }
    expect((await calls.call('GET', `/alerts/${alertId}`)).body).toMatchObject(cleared)
  })
})

describe('a rule of a test', () => {
  test('raises nothing of the time before the test had it', async () => {
    const id = await create({ alertRules: [], alertsEnabled: true })
    calls.clock.advance(20 * 24 * hour)
    await change(id, { alertRules: [await createLossRule(calls)] })
    expect(await alerts(id, 'window=20d')).toEqual([])
    calls.clock.advance(20 * 24 * hour)
    expect((await alerts(id, 'window=20d')).length).toBeGreaterThan(3)
  })

  test('takes its alerts along when it is deleted', async () => {
    const { id, ruleId } = await createAlerting()
    calls.clock.advance(20 * 24 * hour)
    expect((await alerts(id, 'window=20d')).length).toBeGreaterThan(3)
    await done(calls, 'DELETE', `/alerts/rules/${ruleId}`)
    expect(await alerts(id, 'window=20d')).toEqual([])
  })

  test('of which there were hundreds, is remembered as long as there are not too many', async () => {
    const { id } = await createAlerting()
    const rules: string[] = []
    for (let times = 0; times < 30; times += 1) rules.push(await createLossRule(calls))
    for (let times = 0; times < 40; times += 1) {
      calls.clock.advance(minute)
      await change(id, { alertRules: times % 2 === 0 ? rules : [] })
    }
    const { value } = await recordOf(calls, ['tests', id])
    const runs = Object.values(JSON.parse(value).fields.links.alertRules).flat()
    expect(runs.length).toBeGreaterThan(300)
    expect(runs.length).toBeLessThanOrEqual(500)
  })
})
