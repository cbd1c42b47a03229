import { beforeEach, describe, expect, test } from 'vitest'
import { type Calls, openCalls, ops } from './emulator-calls.ts'
import { violations } from './schema-check.ts'
import { laptopsTest } from './template-calls.ts'

const mask = '******'
const secrets = ['pw-literal', 'pw-default', 'pw-sip', 'pw-laptop', 'pw-given', 'pw-held']

const agents = [{ agentId: 110201 }]
const web = {
  type: 'http-server',
  testName: '{{name}} - web',
  url: 'https://{{userInputs.host}}',
  interval: 300,
  agents,
  authType: 'basic',
  username: 'probe',
  password: 'pw-literal',
}
const filled = { ...web, testName: '{{name}} - filled', password: '{{userInputs.pass}}' }
const sip = {
  type: 'sip-server',
  testName: '{{name}} - sip',
  interval: 300,
  agents,
  targetSipCredentials: { sipRegistrar: 'sip.example', port: 5060, user: 'probe', password: 'pw-sip' },
}
const held = { ...sip, testName: '{{name}} - held', targetSipCredentials: '{{userInputs.sip}}' }
const laptops = {
  ...laptopsTest,
  testType: 'Http',
  httpConfig: { url: 'https://{{userInputs.host}}', password: 'pw-laptop' },
}
const template = {
  name: 'Guarded',
  userInputs: {
    host: { name: 'host', type: 'string', defaultValue: 'a.example' },
    pass: { name: 'pass', type: 'string', defaultValue: 'pw-default' },
    sip: {
      name: 'sip',
      type: 'any',
      defaultValue: { sipRegistrar: 'sip.example', port: 5060, user: 'probe', password: 'pw-held' },
    },
  },
  tests: { web, filled, sip, held },
  endpointTests: { laptops },
  tags: { site: { key: 'site', value: 'x', objectType: 'test', accessType: 'all' } },
  deploymentStrategy: { password: 'update' },
}
const masked = {
  userInputs: {
    host: { defaultValue: 'a.example' },
    pass: { defaultValue: mask },
    sip: { defaultValue: { sipRegistrar: 'sip.example', password: mask } },
  },
  tests: {
    web: { password: mask, username: 'probe' },
    filled: { password: '{{userInputs.pass}}' },
    sip: { targetSipCredentials: { sipRegistrar: 'sip.example', password: mask } },
    held: { targetSipCredentials: '{{userInputs.sip}}' },
  },
  endpointTests: { laptops: { httpConfig: { password: mask } } },
  deploymentStrategy: { password: 'update' },
}

let calls: Calls
let id: string
let texts: string[]
beforeEach(async () => {
  calls = await openCalls()
  texts = []
  id = (await call('POST', '/templates', template)).body.id
})

/** Every answer is kept, so that a test can look for secrets in all of them. */
async function call(method: string, path: string, body?: unknown, options: object = {}) {
  const came = await calls.call(method, path, { ...options, ...(body !== undefined && { body }) })
  texts.push(came.text)
  return came
}
const deploy = (body: object = {}, options: object = {}) =>
  call('POST', `/templates/${id}/deploy`, { name: 'Paris', ...body }, options)
const read = async () => (await call('GET', `/templates/${id}`)).body
const replace = (change: object) => call('PUT', `/templates/${id}`, change)
/** What stands in the store, where tests keep their secrets. */
async function stored(collection: string) {
  const records = await calls.store.list('v7:us1', { limit: 100_000 })
  return records
    .map(({ value }) => JSON.parse(value))
    .filter((entry: { collection: string }) => entry.collection === collection)
}
const passwordOf = async (testId: string) =>
  (await stored('tests')).find((entry) => entry.id === testId)?.fields['password']
const shownSecrets = () => secrets.filter((secret) => texts.some((text) => text.includes(secret)))

describe('a template with secrets', () => {
  test('never shows them, and shows where they come from', async () => {
    const { body: list } = await call('GET', '/templates', undefined, { query: 'name=guarded' })
    expect(violations('TemplatesResponse', list)).toEqual([])
    expect(list.templates).toMatchObject([masked])
    expect(await read()).toMatchObject(masked)
    const replaced = await replace(template)
    expect(replaced.body).toMatchObject(masked)
    expect(shownSecrets()).toEqual([])
  })

  test('deploys them, and shows none in the answer or in its tests', async () => {
    const { status, body } = await deploy()
    expect([status, violations('TemplateResponse', body)]).toEqual([200, []])
    expect(body.tests).toMatchObject({
      web: { password: mask },
      filled: { password: mask },
      sip: { targetSipCredentials: { password: mask } },
      held: { targetSipCredentials: { sipRegistrar: 'sip.example', password: mask } },
    })
    expect(body.endpointTests.laptops.httpConfig.password).toBe(mask)
    expect(await passwordOf(body.tests.web.testId)).toBe('pw-literal')
    expect(await passwordOf(body.tests.filled.testId)).toBe('pw-default')
    await call('GET', `/tests/http-server/${body.tests.filled.testId}`)
    await call('GET', `/tests/sip-server/${body.tests.held.testId}`)
    expect(shownSecrets()).toEqual([])
  })

  test('keeps them when what was read is sent back', async () => {
    const before = await read()
    await replace({ ...before, description: 'New' })
    expect(await read()).toEqual({ ...before, description: 'New' })
    const { body } = await deploy()
    expect(await passwordOf(body.tests.web.testId)).toBe('pw-literal')
    expect(await passwordOf(body.tests.filled.testId)).toBe('pw-default')
  })

  test('takes new ones, and those of the deployment', async () => {
    const before = await read()
    await replace({ ...before, tests: { ...before.tests, web: { ...web, password: 'pw-given' } } })
    const { body } = await deploy({ userInputValues: { pass: 'pw-given' } })
    expect(await passwordOf(body.tests.web.testId)).toBe('pw-given')
    expect(await passwordOf(body.tests.filled.testId)).toBe('pw-given')
    expect(shownSecrets()).toEqual([])
  })

  test('takes what was read for itself in a deployment too', async () => {
    const { body } = await deploy({
      userInputValues: { pass: mask, sip: { ...masked.userInputs.sip.defaultValue, port: 5062 } },
      tests: {
        web: { password: mask, interval: 600 },
        sip: { targetSipCredentials: { ...sip.targetSipCredentials, password: mask } },
      },
    })
    expect(await passwordOf(body.tests.web.testId)).toBe('pw-literal')
    expect(await passwordOf(body.tests.filled.testId)).toBe('pw-default')
    const credentialsOf = async (testId: string) =>
      (await stored('tests')).find((entry) => entry.id === testId)?.fields['targetSipCredentials']
    expect(await credentialsOf(body.tests.sip.testId)).toMatchObject({ password: 'pw-sip' })
    expect(await credentialsOf(body.tests.held.testId)).toMatchObject({ password: 'pw-held', port: 5062 })
    expect(shownSecrets()).toEqual([])
  })
})

describe('a secret of a template cannot be brought to where it shows', () => {
  const { targetSipCredentials } = sip
  test.each([
    ['a name', { tests: { web: { testName: '{{userInputs.pass}}' } } }],
    ['all inputs', { tests: { web: { description: '{{userInputs}}' } } }, true],
    ['a part of an input', { tests: { web: { username: '{{userInputs.sip.password}}' } } }],
    ['requests that are one', { tests: { web: { requests: '{{userInputs.pass}}' } } }],
    ['settings that are one', { endpointTests: { laptops: { httpConfig: '{{userInputs.pass}}' } } }],
    ['credentials that are one', { tests: { web: { targetSipCredentials: '{{userInputs.sip.password}}' } } }],
    ['credentials in a text', { tests: { web: { targetSipCredentials: 'x{{userInputs.sip}}' } } }, true],
    [
      'a key that credentials do not have',
      {
        tests: {
          sip: { targetSipCredentials: { ...targetSipCredentials, clientId: '{{userInputs.pass}}' } },
        },
      },
      true,
    ],
    [
      'a header of that name',
      { tests: { web: { customHeaders: { root: { password: '{{userInputs.pass}}' } } } } },
    ],
    [
      'the headers of requests',
      { tests: { web: { customHeaders: { domains: { requests: { password: '{{userInputs.pass}}' } } } } } },
    ],
    ['a tag', { tags: { site: { value: '{{userInputs.pass}}' } } }],
    ['a tag that has a password', { tags: { site: { password: '{{userInputs.pass}}' } } }],
    ['an assignment', { tags: { site: { assignments: [{ id: '{{tests.web.password}}', type: 'test' }] } } }],
  ])('by %s', async (_, change, allowed = false) => {
    await call('PUT', `/templates/${id}/sharing-settings`, { scope: 'organization' })
    const { status } = await deploy(change, { as: ops })
    texts.push(JSON.stringify((await calls.call('GET', '/tests')).body))
    texts.push(JSON.stringify((await calls.call('GET', '/tags')).body))
    expect(shownSecrets()).toEqual([])
    const deployments = await stored('template-deployments')
    expect([status, deployments.length]).toEqual(allowed ? [200, 1] : [400, 0])
  })

  test('by another template in its place', async () => {
    const { tests: _, ...before } = await read()
    await replace({ ...before, tests: { filled: { ...filled, password: 'x' } } })
    expect((await read()).userInputs.pass.defaultValue).toBe(mask)
    expect(shownSecrets()).toEqual([])
    await replace({ ...(await read()), tests: { filled } })
    const { body } = await deploy()
    expect(await passwordOf(body.tests.filled.testId)).toBe(mask)
  })
})
