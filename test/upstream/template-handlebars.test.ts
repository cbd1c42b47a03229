import { beforeEach, describe, expect, test } from 'vitest'
import { leftBehind } from './schedule-calls.ts'
import { openTemplates, type TemplateCalls } from './template-calls.ts'

const web = {
  type: 'http-server',
  testName: '{{name}}',
  url: 'https://crm.example',
  interval: 300,
  agents: [{ agentId: '110201' }],
}
const template = {
  name: 'Office',
  userInputs: {
    fast: { name: 'fast', type: 'number', defaultValue: 0 },
    interval: { name: 'interval', type: 'number', defaultValue: 600 },
    headers: { name: 'headers', type: 'any', defaultValue: { 'X-Site': 'Austin', 'X-Floor': '2' } },
    agents: { name: 'agents', type: 'agents', defaultValue: [{ agentId: '110201' }, { agentId: '110203' }] },
  },
  tests: { web },
}

let calls: TemplateCalls
beforeEach(async () => {
  calls = await openTemplates(template)
})

const deployed = async (change: object, body?: object) => {
  const answer = await calls.deploy(await calls.newTemplate(change), body)
  expect([answer.status, answer.body.errors]).toEqual([200, undefined])
  return answer.body
}
const webOf = async (change: object, body?: object) => {
  const { tests } = await deployed({ tests: { web: { ...web, ...change } } }, body)
  const shown = await calls.call('GET', `/tests/http-server/${tests.web.testId}`, { query: 'expand=agent' })
  return shown.body
}

describe('Handlebars in a template', () => {
  test('chooses by what the user fills in', async () => {
    const interval = '{{#if userInputs.fast}}60{{else}}{{userInputs.interval}}{{/if}}'
    expect(await webOf({ interval })).toMatchObject({ interval: 600 })
    const filledIn = { name: 'Lyon', userInputValues: { fast: 1 } }
    expect(await webOf({ interval }, filledIn)).toMatchObject({ interval: 60 })
  })

  test('makes lists and objects of what the user fills in', async () => {
    const test = await webOf({
      agents:
        '[{{#each userInputs.agents}}{"agentId": "{{agentId}}"}{{#unless @last}}, {{/unless}}{{/each}}]',
      customHeaders:
        '{ "root": { {{#each userInputs.headers}}"{{@key}}": "{{this}}"{{#unless @last}},{{/unless}}{{/each}} } }',
      postBody: '{{#each userInputs.agents}}\n{{@index}} {{agentId}} of {{../name}}\n{{/each}}\n',
    })
    expect(test.agents.map(({ agentId }: { agentId: string }) => agentId)).toEqual(['110201', '110203'])
    expect(test.customHeaders).toEqual({ root: { 'X-Site': 'Austin', 'X-Floor': '2' } })
    expect(test.postBody).toBe('0 110201 of Paris\n1 110203 of Paris\n')
  })

  test('goes through the assets that were made, with or without their section', async () => {
    const rule = (ruleName: string, testIds: unknown) => ({
      alertType: 'HTTP Server',
      ruleName,
      expression: '((responseTime >= 500 ms))',
      roundsViolatingRequired: 1,
      roundsViolatingOutOf: 1,
      testIds,
    })
    const { tests, alertRules } = await deployed({
      tests: { web, other: { ...web, testName: '{{name}} other' } },
      alertRules: {
        all: rule('all', '[{{#each tests}}{{testId}}{{#unless @last}},{{/unless}}{{/each}}]'),
        one: rule('one', ['{{web.testId}}']),
        looked: rule('looked', ['{{lookup (lookup tests "other") "testId"}}']),
      },
    })
    expect(Object.values(alertRules).map((one) => (one as { testIds: unknown }).testIds)).toEqual([
      `[${tests.web.testId},${tests.other.testId}]`,
      [tests.web.testId],
      [tests.other.testId],
    ])
    const { body } = await calls.call('GET', `/alerts/rules/${alertRules.all.ruleId}`)
    expect(body.tests.map(({ testId }: { testId: string }) => testId).sort()).toEqual(
      [tests.web.testId, tests.other.testId].sort(),
    )
  })

  test.each([
    ['a helper of nobody', '{{upper name}}', 'calls upper'],
    ['a partial', '{{> header}}', 'has a partial'],
    ['a block that is not closed', '{{#if name}}a', 'does not close if'],
    ['more than is read of one text', '{{name}}'.repeat(20_000), 'has more than 20000 tags and words'],
  ])('is refused with 400 for %s when it is written, and nothing is stored', async (_, testName, words) => {
    const broken = { tests: { web, bad: { ...web, headers: { root: ['x', testName] } } } }
    const stored = await calls.newTemplate({ tests: { web } })
    const before = (await calls.call('GET', '/templates')).body
    const { body } = await calls.call('GET', `/templates/${stored}`)
    for (const [method, path] of [
      ['POST', '/templates'],
      ['PUT', `/templates/${stored}`],
    ] as const) {
      const refused = await calls.call(method, path, { body: { ...body, ...broken } })
      const [error] = refused.body.errors
      expect([refused.status, error.field]).toEqual([400, 'tests.bad.headers.root[1]'])
      expect(error.message).toContain(words)
    }
    expect((await calls.call('GET', '/templates')).body).toEqual(before)
    expect(await calls.refusal(stored, { tests: { web: { testName } } })).toEqual([400, 'tests.web'])
  })

  test('that cannot be read does not tell of templates that are not there, or cannot be changed', async () => {
    const body = { name: 'Broken', tests: { a: { ...web, testName: '{{#if' } } }
    const { templates } = (await calls.call('GET', '/templates')).body
    const builtIn = templates.find(({ isBuiltIn }: { isBuiltIn: boolean }) => isBuiltIn)
    const unknown = '00000000-0000-4000-8000-000000000000'
    const statuses = [builtIn.id, unknown].map(
      async (id) => (await calls.call('PUT', `/templates/${id}`, { body })).status,
    )
    expect(await Promise.all(statuses)).toEqual([403, 404])
  })

  test.each([
    ['what leads to nothing', '{{#each userInputs.agents}}{{name}}{{/each}}'],
    ['the code of a helper', '{{lookup this "constructor"}}'],
  ])('is refused with 400 for %s, and nothing is made', async (_, testName) => {
    const id = await calls.newTemplate({ tests: { web, bad: { ...web, testName } } })
    expect(await calls.refusal(id)).toEqual([400, 'tests.bad'])
    const { body } = await calls.call('GET', '/tests')
    expect(body.tests.map((one: { testName: string }) => one.testName)).not.toContain('Paris')
  })

  test('is refused when it loops for too long or writes too much, within the time of a call', async () => {
    const loops = '{{#each @root.userInputs.many}}'.repeat(20) + '{{/each}}'.repeat(20)
    const many = { name: 'many', type: 'any', defaultValue: Array(300).fill('x') }
    const userInputs = { ...template.userInputs, many }
    for (const postBody of [
      loops,
      `{{#each userInputs.many}}${'{{../userInputs.many}}'.repeat(100)}{{/each}}`,
    ]) {
      const id = await calls.newTemplate({ userInputs, tests: { web: { ...web, postBody } } })
      expect(await calls.refusal(id)).toEqual([400, 'tests.web'])
    }
  })
})

describe('secrets behind Handlebars', () => {
  const pin = { name: 'pin', type: 'string', defaultValue: 'sesame' }
  const login = { ...web, authType: 'basic', username: 'probe' }
  const withPin = (password: string, change: object = {}) => ({
    userInputs: { ...template.userInputs, pin },
    tests: { web: { ...login, password, ...change } },
  })

  test.each([
    '{{#if userInputs.fast}}x{{else}}{{userInputs.pin}}{{/if}}',
    'x{{#with userInputs}}{{pin}}{{/with}}',
    '{{lookup userInputs "pin"}}',
    '{{lookup userInputs userInputs.which}}',
    '{{#each userInputs}}{{this}}{{/each}}',
    '{{#with name}}{{#with this}}{{../..}}{{/with}}{{/with}}',
    '{{#userInputs.fast}}{{this}}{{/userInputs.fast}}',
    '{{userInputs.[pin]}}',
    '{{userInputs/pin}}',
  ])('are masked in the default of a user input that fills %s', async (password) => {
    const id = await calls.newTemplate(withPin(password))
    const { text } = await calls.call('GET', `/templates/${id}`)
    expect(text).not.toContain('sesame')
  })

  test('are masked in the default of what an earlier version took, though it cannot be read', async () => {
    const id = await calls.newTemplate(withPin('{{userInputs.pin}}'))
    const again = await leftBehind(calls, ['templates', id], (fields) =>
      JSON.parse(JSON.stringify(fields).replace('{{userInputs.pin}}', '{{#if}}{{userInputs.pin}}')),
    )
    const { text } = await again.call('GET', `/templates/${id}`)
    expect(text).toContain('"web"')
    expect(text).not.toContain('sesame')
    expect((await again.call('POST', `/templates/${id}/deploy`, { body: { name: 'Paris' } })).status).toBe(
      400,
    )
  })

  test('are masked as they are written in an expression', async () => {
    const id = await calls.newTemplate(withPin('{{"sesame"}}', { password: '{{! sesame }}' }))
    const { text } = await calls.call('GET', `/templates/${id}`)
    expect(text.match(/sesame/g)).toEqual(['sesame'])
  })

  test('are filled by a path in a block that chooses by what is shown', async () => {
    const password = '{{#if userInputs.fast}}x{{else}}{{userInputs.pin}}{{/if}}'
    const id = await calls.newTemplate(withPin(password))
    expect((await calls.deploy(id)).status).toBe(200)
  })

  test.each([
    ['named by who deploys', { url: 'https://crm.example/{{#with userInputs}}{{pin}}{{/with}}' }],
    ['compared with guesses', { password: '{{lookup userInputs.headers userInputs.pin}}' }],
    ['asked for', { password: '{{#with userInputs.pin}}x{{else}}{{nothing}}{{/with}}' }],
  ])('of a template are not %s', async (_, override) => {
    const id = await calls.newTemplate(withPin('{{userInputs.pin}}'))
    const userInputValues = { headers: { sesame: 'yes' } }
    expect(await calls.refusal(id, { tests: { web: override }, userInputValues })).toEqual([400, 'tests.web'])
  })
})
