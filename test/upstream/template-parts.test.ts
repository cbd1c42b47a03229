import { beforeAll, describe, expect, test } from 'vitest'
import type { Json } from '#upstream/emulator/json.ts'
import { loadModel, type Model } from '#upstream/emulator/model.ts'
import { isV7Refusal } from '#upstream/emulator/refusals.ts'
import { coerceObject } from '#upstream/emulator/templates/coerce.ts'
import { fill } from '#upstream/emulator/templates/fill.ts'
import { inputValues } from '#upstream/emulator/templates/user-inputs.ts'

const named = {
  name: 'Austin',
  userInputs: { host: 'crm.example', interval: 120, agents: [{ agentId: '1' }], secure: false },
  tests: { web: { testId: '77' } },
}
const context = { open: named, whole: named, secret: named }

const budget = () => ({ steps: 100_000, characters: 1_048_576 })
function filledFrom(given: Json): Json {
  const filling = fill(given, context, budget())
  for (;;) {
    const { done, value } = filling.next()
    if (done) return value
  }
}

describe('placeholders', () => {
  test.each([
    ['{{name}} - {{ userInputs.host }}', 'Austin - crm.example'],
    ['{{userInputs.interval}}', 120],
    ['{{userInputs.secure}}', false],
    ['every {{userInputs.interval}} s', 'every 120 s'],
    ['{{userInputs.agents}}', [{ agentId: '1' }]],
    ['[{{tests.web.testId}}]', '[77]'],
    ['{{{name}}}', 'Austin'],
    [
      { a: ['{{name}}'], b: 7 },
      { a: ['Austin'], b: 7 },
    ],
    ['{ name }', '{ name }'],
  ])('%j become %j', (given, filled) => {
    expect(filledFrom(given)).toEqual(filled)
  })

  test.each(['{{tests.gone.testId}}', '{{constructor}}', '{{name.length}}', '{{tests.web.toString}}'])(
    '%s leads to nothing, as what every object inherits does',
    (given) => {
      expect(() => filledFrom({ x: given })).toThrow(`${given} leads to nothing.`)
    },
  )

  test('give other calls their turn when there are many', () => {
    const turns = [...fill(Array(20_000).fill('{{name}}'), context, budget())]
    expect(turns.length).toBeGreaterThan(5)
  })
})

describe('user inputs', () => {
  const valuesOf = (input: object, given: object) =>
    inputValues({ userInputs: { x: { name: 'x', ...input } } }, given as never)

  test.each([
    ['string', 'a', 5],
    ['number', 5, '5'],
    ['boolean', false, 'no'],
    ['string[]', ['a'], 'a'],
    ['number[]', [5], ['5']],
    ['boolean[]', [true], [1]],
    ['agents', [{ agentId: 11 }, '12', 13], [{ id: 11 }]],
    ['tests', [{ testId: '11' }], '11'],
    ['bgpPrefix', '203.0.113.0/24', 'prefix'],
  ])('of the type %s are checked', (type, right, wrong) => {
    expect(valuesOf({ type }, { x: right })).toMatchObject({ values: { x: right } })
    expect(isV7Refusal(valuesOf({ type }, { x: wrong }))).toBe(true)
  })

  test('take their default, and only values that are allowed', () => {
    expect(valuesOf({ type: 'number', defaultValue: 300 }, {})).toMatchObject({ values: { x: 300 } })
    const allowedValues = [{ value: 'a' }, { value: 'b' }]
    expect(valuesOf({ type: 'string[]', allowedValues }, { x: ['a', 'b'] })).toMatchObject({
      values: { x: ['a', 'b'] },
    })
    expect(isV7Refusal(valuesOf({ type: 'string[]', allowedValues }, { x: ['a', 'c'] }))).toBe(true)
  })
})

describe('the older forms of templates', () => {
  let model: Model
  beforeAll(async () => {
    model = await loadModel()
  })

  test.each([
    [
      'AgentToServerTestRequest',
      { mtuMeasurements: 1, probeMode: 'SYN', port: '443' },
      { mtuMeasurements: true, probeMode: 'syn', port: 443 },
    ],
    [
      'AgentToServerTestRequest',
      { agents: [{ agentId: 11 }, '12', 13] },
      { agents: [{ agentId: '11' }, { agentId: '12' }, { agentId: '13' }] },
    ],
    [
      'AgentToAgentTestRequest',
      { direction: 'FROM_TARGET', targetAgentId: 7 },
      { direction: 'from-target', targetAgentId: '7' },
    ],
    [
      'DnsServerTestRequest',
      { dnsServers: [{ serverName: 'ns1.example' }] },
      { dnsServers: ['ns1.example'] },
    ],
    [
      'RuleDetailUpdate',
      { alertType: 'End-to-End (Agent)', severity: 'INFO' },
      { alertType: 'end-to-end-agent', severity: 'info' },
    ],
    ['RuleDetailUpdate', { testIds: '["1", 2]' }, { testIds: ['1', '2'] }],
    [
      'HttpServerTestRequest',
      { customHeaders: '{"root": {"X-Site": "Austin"}}' },
      { customHeaders: { root: { 'X-Site': 'Austin' } } },
    ],
    ['HttpServerTestRequest', { customHeaders: '{"root": ' }, { customHeaders: '{"root": ' }],
    ['RuleDetailUpdate', { testIds: [{ testId: 5 }] }, { testIds: ['5'] }],
    ['RuleDetailUpdate', { severity: 'horrible', unknown: 1 }, { severity: 'horrible', unknown: 1 }],
  ])('of %s are brought to v7: %j', (schema, given, coerced) => {
    expect(coerceObject(model, model.schema(schema), given as never)).toEqual(coerced)
  })
})
