import { describe, expect, test } from 'vitest'
import { loadModel } from '#upstream/emulator/model.ts'
import type { InvalidSeed } from '#upstream/emulator/seed.ts'
import { parseSeed } from '#upstream/emulator/seed.ts'
import { examples, type RuleRow } from './rule-rows.ts'

const model = await loadModel()

type Objects = Readonly<Record<string, readonly object[]>>

const agent = (id: string, agentType: string) => ({ id, agentType, agentName: `agent-${id}` })

/** What the examples of rules name. */
const there: Objects = {
  agents: [agent('110203', 'enterprise'), agent('110301', 'enterprise')],
  'endpoint-agents': [{ id: '3fde6422-f119-40e1-ae32-000000001101' }],
  tags: [{ id: '5aeab5d5-0d34-4d44-a7ac-000000001101', key: 'a', value: 'b', objectType: 'endpoint-agent' }],
}

/** What is wrong with a seed that has these in one of its two account groups, or the second ones in the other. */
function problemsOf(objects: Objects, others: Objects = {}): readonly string[] {
  const group = (aid: string) => ({ aid, name: aid })
  const file = {
    organizations: [{ id: '1', name: 'One', region: 'us1', accountGroups: ['11', '12'].map(group) }],
    catalogue: { agents: [agent('3', 'cloud')] },
    objects: { '11': objects, '12': others },
  }
  try {
    parseSeed(JSON.stringify(file), 'mine', { roles: [], readBase: () => '{}', model })
  } catch (error) {
    return (error as InvalidSeed).problems
  }
  return []
}

/** An object as a seed has it: a request of the example, with what its path says. */
function objectOf({ at, keeps }: RuleRow, breaks: object): object {
  const type = at.split('/').at(-1)
  const isTest = at.startsWith('/tests/') || at.startsWith('/endpoint/tests/')
  const named = at.startsWith('/agents/') ? {} : { name: 'A', testName: 'A', ruleName: 'A', key: 'A' }
  return { id: '110201', ...named, ...examples.bases[at], ...(isTest && { type }), ...keeps, ...breaks }
}

function wrongIn(row: RuleRow, breaks: object = {}): readonly string[] {
  const { collection } = row
  const isAgent = collection === 'agents'
  return problemsOf({
    ...there,
    agents: [...(there['agents'] ?? []), ...(isAgent ? [] : [agent('110201', 'enterprise')])],
    [collection]: [
      objectOf(row, breaks),
      ...(isAgent ? [{ ...agent('110203', 'enterprise') }] : (there[collection] ?? [])),
    ],
  })
}

const fieldOf = ({ id, field }: RuleRow): string =>
  (field ?? model.rules().find((one) => one.id === id)?.field ?? id).replaceAll(/\[(\d+)\]/g, '.$1')

describe('rules between fields', () => {
  test.each(examples.rows.map((row) => [row.id, row.collection, row] as const))(
    '%s: %s of a seed are held to it',
    (_, collection, row) => {
      expect(wrongIn(row)).toEqual([])
      expect(wrongIn(row, row.breaks)).toContainEqual(
        expect.stringMatching(
          new RegExp(`^objects\\.11\\.${collection}\\.0\\.${fieldOf(row)}: found .+; .+`),
        ),
      )
    },
  )
})

test('the default target time of a transaction of a seed gives way to its limit', () => {
  const row = examples.rows.find(({ id }) => id === 'target of a transaction within its limit') as RuleRow
  const keeps = { timeLimit: 5 }
  expect(wrongIn({ ...row, keeps })).toEqual([])
  expect(wrongIn({ ...row, keeps }, { targetTime: 10 })).toEqual([
    expect.stringMatching(/^objects\.11\.tests\.0\.targetTime: /),
  ])
})

describe('what only one object of a seed may have', () => {
  const url = 'https://a.example'
  const httpTest = (id: string, testName: string) => ({
    id,
    testName,
    type: 'http-server',
    url,
    interval: 60,
    agents: [],
  })
  const tag = (id: string, key: string) => ({ id, key, value: 'north', objectType: 'test' })
  const filter = (id: string, name: string) => ({ id, name, context: [] })
  const rule = (id: string, isDefault: boolean) => ({
    id,
    ruleName: id,
    alertType: 'bgp',
    expression: 'x',
    roundsViolatingOutOf: 1,
    isDefault,
  })

  test.each([
    ['tests', 'testName', [httpTest('1', 'A'), httpTest('2', 'B')], httpTest('3', 'A')],
    ['tags', 'key', [tag('1', 'A'), tag('2', 'B')], tag('3', 'A')],
    ['dashboard-filters', 'name', [filter('1', 'A'), filter('2', 'B')], filter('3', 'A')],
    ['alert-rules', 'isDefault', [rule('1', true), rule('2', false)], rule('3', true)],
  ])('is told of %s, and their %s, of one account group', (collection, told, right, wrong) => {
    expect(problemsOf({ [collection]: right }, { [collection]: [wrong] })).toEqual([])
    expect(problemsOf({ [collection]: [...right, wrong] })).toEqual([
      expect.stringMatching(
        new RegExp(
          `^objects\\.11\\.${collection}\\.2\\.${told}: found .+, which is that of objects\\.11\\.${collection}\\.0\\.${told};`,
        ),
      ),
    ])
  })

  test('is a name of an agent in an organization, beside those of the cloud', () => {
    const named = (id: string, agentName: string) => ({ id, agentType: 'enterprise', agentName })
    expect(problemsOf({ agents: [named('8', 'A')] }, { agents: [named('9', 'B')] })).toEqual([])
    expect(problemsOf({ agents: [named('8', 'A')] }, { agents: [named('9', 'A')] })).toEqual([
      expect.stringContaining('objects.12.agents.0.agentName: found "A"'),
    ])
    expect(problemsOf({ agents: [named('8', 'agent-3')] })).toEqual([
      expect.stringContaining('objects.11.agents.0.agentName: found "agent-3", which is that of catalogue'),
    ])
  })
})

test('a test of a seed measures throughput between enterprise agents alone', () => {
  const measuring = (targetAgentId: string) => ({
    agents: [agent('8', 'enterprise'), agent('9', 'enterprise')],
    tests: [
      {
        id: '1',
        testName: 'A',
        type: 'agent-to-agent',
        interval: 60,
        targetAgentId,
        agents: [{ agentId: '8' }],
        throughputMeasurements: true,
      },
    ],
  })
  expect(problemsOf(measuring('9'))).toEqual([])
  expect(problemsOf(measuring('3'))).toEqual([
    'objects.11.tests.0.throughputMeasurements: found true; it cannot be enabled with cloud agents',
  ])
})
