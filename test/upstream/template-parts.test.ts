import { beforeAll, describe, expect, test } from 'vitest'
import { loadModel, type Model } from '#upstream/emulator/model.ts'
import { isV7Refusal } from '#upstream/emulator/refusals.ts'
import { coerceObject } from '#upstream/emulator/templates/coerce.ts'
import { danglingIn, fill, nonPathsIn } from '#upstream/emulator/templates/placeholders.ts'
import { inputValues } from '#upstream/emulator/templates/user-inputs.ts'

const named = {
  name: 'Austin',
  userInputs: { host: 'crm.example', interval: 120, agents: [{ agentId: '1' }], secure: false },
  tests: { web: { testId: '77' } },
}
const context = { open: named, whole: named, secret: named }

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
    expect(fill(given, context)).toEqual(filled)
  })

  test('that lead to nothing are named, the keys of every object among them', () => {
    const given = ['{{tests.gone.testId}}', '{{name}}', { x: '{{constructor}} {{name.length}}' }]
    expect(danglingIn(given, context)).toEqual(['tests.gone.testId', 'constructor', 'name.length'])
  })

  test('that are more than a path are named', () => {
    expect(nonPathsIn('{{#if name}}a{{/if}} {{name}} {{upper name}}')).toEqual([
      '#if name',
      '/if',
      'upper name',
    ])
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
    ['RuleDetailUpdate', { testIds: [{ testId: 5 }] }, { testIds: ['5'] }],
    ['RuleDetailUpdate', { severity: 'horrible', unknown: 1 }, { severity: 'horrible', unknown: 1 }],
  ])('of %s are brought to v7: %j', (schema, given, coerced) => {
    expect(coerceObject(model, model.schema(schema), given as never)).toEqual(coerced)
  })
})
