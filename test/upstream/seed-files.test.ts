import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { loadModel } from '#upstream/emulator/model.ts'
import { InvalidSeed, parseSeed, readSeed, type Seed } from '#upstream/emulator/seed.ts'
import { seedCollections } from '#upstream/emulator/seed-collections.ts'

const bases: Readonly<Record<string, string>> = {
  common: `
lists: { places: [Oslo, Rome] }
catalogue:
  agents: [{ id: '3', agentType: cloud, agentName: Singapore }, { id: '4', agentType: cloud, agentName: Paris }]
everyAccountGroup:
  alert-rules: [{ id: '01', ruleName: 'Rule of {places}' }]
`,
  ring: 'base: round',
  round: 'base: ring',
}

const read = (text: string): Seed =>
  parseSeed(text, 'mine', {
    roles: ['Organization Admin', 'Regular User'],
    readBase(name) {
      const found = bases[name]
      if (found === undefined) throw new Error('no such file')
      return found
    },
  })

/** A file that can be used, with more at its end. */
const file = (more = '', user = ''): string => `
base: common
organizations:
  - id: '1'
    name: One
    region: us1
    accountGroups: [{ aid: '11', name: Eleven }, { aid: '12', name: Twelve }]
    users:
      - { uid: '5', email: a@b.example, name: A, loginAccountGroup: '11', roles: { all: [Regular User] } ${user} }
${more}`

function problemsOf(text: string): readonly string[] {
  try {
    read(text)
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidSeed)
    return (error as InvalidSeed).problems
  }
  return []
}

const fieldsOf = (seed: Seed, aid: string, collection: string): readonly unknown[] =>
  (seed.objects.get(aid) ?? [])
    .filter((object) => object.collection === collection)
    .map(({ id, fields }) => ({ id, ...fields }))

describe('a seed based on another', () => {
  test('has its catalogue, and what it gives every account group, the id of the group in front', () => {
    const seed = read(file())
    expect(seed.catalogue.map(({ id, fields }) => [id, fields['agentName']])).toEqual([
      ['3', 'Singapore'],
      ['4', 'Paris'],
    ])
    expect(fieldsOf(seed, '12', 'alert-rules')).toEqual([{ id: '1201', ruleName: 'Rule of Oslo' }])
  })

  test('puts its own objects in the place of those with the same id', () => {
    const seed = read(
      file(
        `catalogue: { agents: [{ id: '4', agentName: Lyon }] }\neveryAccountGroup: { alert-rules: [{ id: '01', ruleName: Mine }] }`,
      ),
    )
    expect(seed.catalogue.map(({ fields }) => fields['agentName'])).toEqual(['Singapore', 'Lyon'])
    expect(fieldsOf(seed, '11', 'alert-rules')).toEqual([{ id: '1101', ruleName: 'Mine' }])
  })

  test.each([
    ['nothing', 'base: nothing', 'base: found "nothing"; allowed is a name in config/seeds or the path'],
    ['itself by others', 'base: ring', 'base: found "ring", on which it is based already'],
  ])('cannot be based on %s', (_, text, problem) => {
    expect(problemsOf(text)).toEqual([expect.stringContaining(problem)])
  })
})

describe('copies', () => {
  const tests = (entry: string): readonly unknown[] =>
    fieldsOf(
      read(file(`lists: { days: [2, 3], sites: [{ at: Oslo }, { at: Rome }] }\n${entry}`)),
      '12',
      'tests',
    )

  test('count, calculate from left to right and take values of lists in turn', () => {
    expect(
      tests(
        `objects: { '12': { tests: [{ copies: 3, id: '9{n:2}', a: '{n*10+n}', b: '{n%2+1}', c: 'at {sites.at}', d: '{days[n+1]}', e: '{sites}' }] } }`,
      ),
    ).toEqual([
      { id: '901', a: '11', b: '2', c: 'at Oslo', d: 3, e: { at: 'Oslo' } },
      { id: '902', a: '22', b: '1', c: 'at Rome', d: 2, e: { at: 'Rome' } },
      { id: '903', a: '33', b: '2', c: 'at Oslo', d: 3, e: { at: 'Oslo' } },
    ])
  })

  test('know the account group that they are for', () => {
    expect(
      tests(
        `everyAccountGroup: { tests: [{ copies: 1, id: '9{n}', name: '{sites[g].at} {g}' }, { id: 'a-{aid:6}', name: own }] }`,
      ),
    ).toEqual([
      { id: '1291', name: 'Rome 2' },
      { id: 'a-000012', name: 'own' },
    ])
  })

  test('make users and account groups, in keys as well as in values', () => {
    const seed = read(`
organizations:
  - id: '1'
    name: One
    region: us1
    accountGroups: [{ copies: 3, aid: '1{n}', name: 'Group {n}' }]
    users: [{ copies: 2, uid: '5{n}', email: 'u{n}@b.example', name: U, loginAccountGroup: '1{n+1}', roles: { '1{n+1}': [Regular User] } }]
`)
    expect(seed.accountGroups.map(({ aid, name }) => [aid, name])).toEqual([
      ['11', 'Group 1'],
      ['12', 'Group 2'],
      ['13', 'Group 3'],
    ])
    expect(seed.users.map(({ uid, roles }) => [uid, roles])).toEqual([
      ['51', { '12': ['Regular User'] }],
      ['52', { '13': ['Regular User'] }],
    ])
  })

  test('leave doubled braces, braces of JSON and entries without copies as they are', () => {
    expect(
      tests(
        `objects: { '12': { tests: [{ copies: 1, id: '9', a: '{{name}}', b: '{"n":1}' }, { id: '8', a: '{n}' }] } }`,
      ),
    ).toEqual([
      { id: '9', a: '{{name}}', b: '{"n":1}' },
      { id: '8', a: '{n}' },
    ])
  })

  test.each([
    ['0', 'objects.12.tests.0.copies: found 0; allowed are 1 to 100000'],
    ['many', 'objects.12.tests.0.copies: found "many"; allowed are 1 to 100000'],
    ["2, name: '{place}'", 'objects.12.tests.0.name: found {place}; allowed are numbers (aid, g, n), as '],
    ["2, name: ['{n-2}']", 'objects.12.tests.0.name.0: found {n-2}; allowed are numbers'],
    ["2, name: '{toString}'", 'objects.12.tests.0.name: found {toString}; allowed are numbers'],
  ])('are refused with %s', (copies, problem) => {
    const text = file(`objects: { '12': { tests: [{ id: 'x{n}', copies: ${copies} }] } }`)
    expect(problemsOf(text)).toEqual([expect.stringContaining(problem)])
  })
})

describe('a seed that cannot be used', () => {
  test.each([
    [
      'a region that is none',
      file().replace('us1', 'mars'),
      'organizations.0.region: found "mars"; allowed are us1, us2, eu1',
    ],
    [
      'a setting that is neither true nor false',
      file().replace('us1', 'us1\n    publicSnapshots: maybe'),
      'organizations.0.publicSnapshots: found "maybe"; allowed are true and false',
    ],
    [
      'an unknown key',
      file('', ', pasword: x'),
      'organizations.0.users.0.pasword: found an unknown key; allowed are uid, email, name, password, userApiToken, loginAccountGroup, roles',
    ],
    [
      'an id without quotes',
      file().replace("aid: '11'", 'aid: 11'),
      'organizations.0.accountGroups.0.aid: found 11; allowed are 1 to 18 digits in quotes',
    ],
    [
      'no organization at all that is a list',
      'organizations: 5',
      'organizations: found 5; allowed is a list',
    ],
    ['text alone', 'hello', '(file): found "hello"; allowed are the keys of a seed'],
    [
      'objects of an account group that no organization has',
      file(`objects: { '99': {} }`),
      'objects.99: found an account group that no organization has; allowed are 11, 12',
    ],
    [
      'an unknown collection',
      file(`objects: { '11': { test: [{ id: '1' }] } }`),
      'objects.11.test: found an unknown collection; allowed are agents, ',
    ],
    [
      'a collection called as what objects inherit',
      file(`objects: { '11': { constructor: [{ id: '1' }] } }`),
      'objects.11.constructor: found an unknown collection; allowed are agents, ',
    ],
    [
      'an object without an id',
      file(`objects: { '11': { tests: [{ testName: A }] } }`),
      'objects.11.tests.0.id: found nothing; allowed is text',
    ],
    [
      'a user that signs in to an account group of nobody',
      file().replace("loginAccountGroup: '11'", "loginAccountGroup: '19'"),
      'organizations.0.users.0.loginAccountGroup: found 19; allowed are those in which the user has a role: 11, 12',
    ],
    [
      'a user that signs in where it has no role',
      file().replace('all: [', "'12': ["),
      'organizations.0.users.0.loginAccountGroup: found 11; allowed are those in which the user has a role: 12',
    ],
    [
      'a role in an account group of nobody',
      file().replace('all: [', "'11': [Regular User], '19': ["),
      'organizations.0.users.0.roles.19: found account group 19; allowed are all and 11, 12, those of the organization',
    ],
    [
      'a role that is none',
      file().replace('Regular User', 'Root'),
      'organizations.0.users.0.roles.all: found "Root"; allowed are Organization Admin, Regular User',
    ],
    [
      'a test on an agent that is not there',
      file(`objects: { '11': { tests: [{ id: '1', agents: [{ agentId: '3' }, { agentId: '77' }] }] } }`),
      'objects.11.tests.0.agents.1.agentId: found "77"; allowed are ids of agents that account group 11 has: 3, 4',
    ],
    [
      'a test on an agent of another account group',
      file(
        `objects: { '11': { agents: [{ id: '8' }] }, '12': { tests: [{ id: '1', agents: [{ agentId: '8' }] }] } }`,
      ),
      'objects.12.tests.0.agents.0.agentId: found "8"; allowed are ids of agents that account group 12 has: 3, 4',
    ],
    [
      'a test with an alert rule that is not there',
      file(`objects: { '11': { tests: [{ id: '1', alertRules: ['1101', '1102'] }] } }`),
      'objects.11.tests.0.alertRules.1: found "1102"; allowed are ids of alert-rules that account group 11 has: 1101',
    ],
    [
      'a test that is shared with nobody',
      file(`objects: { '11': { tests: [{ id: '1', sharedWithAccounts: ['13'] }] } }`),
      'objects.11.tests.0.sharedWithAccounts.0: found "13"; allowed are ids of account-groups that account group 11 has: 11, 12',
    ],
    [
      'an id of two tests in different account groups',
      file(`objects: { '11': { tests: [{ id: '1' }] }, '12': { tests: [{ id: '1' }] } }`),
      'objects.12.tests.0.id: found "1", which is that of objects.11.tests.0.id; allowed is one that nothing else has',
    ],
    [
      'an account group twice',
      file().replace("aid: '12'", "aid: '11'"),
      'organizations.0.accountGroups.1.aid: found "11", which is that of organizations.0.accountGroups.0.aid; allowed is one that nothing else has',
    ],
  ])('says where, what was found and what is allowed for %s', (_, text, problem) => {
    expect(problemsOf(text)).toContainEqual(expect.stringContaining(problem))
  })

  test('is told everything at once: an agent, a role, an id and a key, each in words of its own', () => {
    const text = file(
      `objects: { '11': { tests: [{ id: '1', targetAgentId: '7' }, { id: '1' }] } }`,
      ', colour: red',
    )
      .replace('Regular User', 'Root')
      .replace('us1', 'mars')
    expect(problemsOf(text).map((problem) => problem.split(': ', 1)[0])).toEqual([
      'organizations.0.region',
      'organizations.0.users.0.colour',
      'objects.11.tests.1.id',
      'organizations.0.users.0.roles.all',
      'objects.11.tests.0.targetAgentId',
    ])
    expect(() => read(text)).toThrow(/^the seed mine is invalid, 5 problems: \(1\) .* \(2\) .* \(5\) [^\n]*$/)
  })

  test('tells of an account group that is there twice, and not of all that is in it', () => {
    const [problem, ...more] = problemsOf(file().replace("aid: '12'", "aid: '11'"))
    expect([problem?.split(': ', 1)[0], more]).toEqual(['organizations.0.accountGroups.1.aid', []])
  })

  test('tells what all copies have in common once', () => {
    const text = file(`everyAccountGroup: { tests: [{ copies: 50, id: '9{n:2}', targetAgentId: '7{n}' }] }`)
    expect(problemsOf(text)).toEqual([
      expect.stringContaining('everyAccountGroup.tests.0 (copy 1).targetAgentId: found "71"'),
    ])
  })

  test('that is no YAML is told in one line', () => {
    expect(() => read('a: [')).toThrow(/^the seed mine is no YAML: [^\n]+$/)
  })
})

describe('fields of objects', async () => {
  const model = await loadModel()
  const wrongIn = (collection: string, object: string): readonly string[] => {
    const text = file(`objects: { '11': { ${collection}: [{ id: '1', ${object} }] } }`)
    try {
      parseSeed(text, 'mine', { roles: ['Regular User'], readBase: () => '{}', model })
    } catch (error) {
      return (error as InvalidSeed).problems
    }
    return []
  }
  const url = 'url: https://a.example, interval: 300, agents: []'

  test.each([
    ['a test without a type', 'tests', url, '.type: found nothing; allowed are '],
    ['a test of no type', 'tests', `type: ping, ${url}`, '.type: found "ping"; allowed are '],
    [
      'a test without its URL',
      'tests',
      'type: http-server, interval: 300, agents: []',
      '.url: found nothing; it has to be there',
    ],
    [
      'an interval that is none',
      'tests',
      `type: http-server, ${url.replace('300', '301')}`,
      '.interval: found 301; must be one of 60, 120,',
    ],
    [
      'a date that is none',
      'tests',
      `type: http-server, ${url}, modifiedDate: yesterday`,
      '.modifiedDate: found "yesterday"; it must be a date-time',
    ],
    [
      'text for a number',
      'tests',
      `type: http-server, ${url}, httpTimeLimit: soon`,
      '.httpTimeLimit: found "soon"; must be a',
    ],
    [
      'agents that are no list',
      'tests',
      `type: http-server, ${url.replace('[]', 'all')}`,
      '.agents: found "all"; must be an array',
    ],
    [
      'an alert rule of an unknown severity',
      'alert-rules',
      'ruleName: A, alertType: http-server, expression: x, severity: awful',
      '.severity: found "awful"; must be one of ',
    ],
    [
      'an endpoint test without its server',
      'endpoint-tests',
      'type: agent-to-server, testName: A, agentSelectorType: all-agents',
      '.server: found nothing; it has to be there',
    ],
  ])('are held to the official document: %s', (_, collection, object, problem) => {
    expect(wrongIn(collection, object)).toContainEqual(
      expect.stringContaining(`objects.11.${collection}.0${problem}`),
    )
  })

  test('pass when v7 would take them', () => {
    expect(wrongIn('tests', `type: http-server, ${url}`)).toEqual([])
  })
})

describe('the collections of a seed', () => {
  /** What calls alone fill, or what a seed says in lists of its own. */
  const notSeeded = [
    'account-groups',
    'activity',
    'counters',
    'itsi-events',
    'roles',
    'test-versions',
    'users',
  ]
  const kept = globSync('src/upstream/emulator/families/*.ts').flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/\bcollection: '([a-z-]+)'/g)].map(([, name = '']) => name),
  )

  test('are those that the families keep', () => {
    expect(kept.length).toBeGreaterThan(20)
    expect(Object.keys(seedCollections)).toEqual(
      expect.arrayContaining(kept.filter((name) => !notSeeded.includes(name))),
    )
  })
})

describe('readSeed', () => {
  test('finds the base by a name in config/seeds, or by a path from where the file is', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'panoptes-seed-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'shared.yaml'), 'base: default')
    writeFileSync(join(folder, 'mine.yaml'), file().replace('base: common', 'base: ./shared.yaml'))
    const seed = await readSeed(join(folder, 'mine.yaml'))
    expect(seed.catalogue.map(({ fields }) => fields['agentName'])).toContain('Frankfurt, Germany')
    expect(fieldsOf(seed, '11', 'alert-rules')).toHaveLength(13)
    expect(seed.accountGroups.map(({ aid }) => aid)).toEqual(['11', '12'])
  })
})
