import type { Call } from '../call.ts'
import { type JsonObject, objectsOf, only, textsOf, without } from '../json.ts'
import type { Entry, Objects } from '../state.ts'
import { testsOn } from './agent-relations.ts'
import { snapshotFacts } from './snapshot-facts.ts'
import { tagsOf } from './tag-assignments.ts'

/** The document lets any key through here, so that what is shown is chosen by hand. */
const simpleTestKeys = [
  'interval',
  'alertsEnabled',
  'enabled',
  'createdBy',
  'createdDate',
  'description',
  'liveShare',
  'modifiedBy',
  'modifiedDate',
  'savedEvent',
  'testName',
  'type',
]

/** A test in short, as agents, rules and results name it. A snapshot is read where its source is. */
export const simpleTest = (test: Entry, { href }: Call): JsonObject => ({
  ...only(test.fields, simpleTestKeys),
  testId: test.id,
  _links: {
    self: { href: href(`/tests/${test.fields['type']}/${snapshotFacts(test)?.sourceTestId ?? test.id}`) },
  },
})

/** Which rules watch the agent (account group's default rules, and those that name it). */
const rulesOf = (agent: Entry, { state, aid }: Call): readonly JsonObject[] =>
  state
    .all('agent-notification-rules')
    .filter(({ fields, aid: owner }) => owner === aid && textsOf(fields['agents']).includes(agent.id))
    .map(({ id, fields }) => ({ ...fields, ruleId: id }))

const groupObjects = (agent: Entry, state: Objects): readonly JsonObject[] =>
  [...(agent.aid === undefined ? [] : [agent.aid]), ...textsOf(agent.fields['accountGroups'])].map((aid) => ({
    aid,
    accountGroupName: state.find('account-groups', aid)?.fields['accountGroupName'] ?? '',
  }))

/** A stored agent as answers show it; members, tests and rules come on demand (`expand`). */
export function showAgent(agent: Entry, call: Call): JsonObject {
  const { expand, state, aid } = call
  const isCloud = agent.fields['agentType'] === 'cloud'
  const tests = expand.has('test') || expand.has('test-ids') ? testsOn(agent.id, state, aid) : []
  return {
    ...without(agent.fields, ['clusterMembers', 'accountGroups', 'tests']),
    agentId: agent.id,
    tags: tagsOf({ id: agent.id, type: 'v-agent' }, call),
    ...(!isCloud && { accountGroups: groupObjects(agent, state) }),
    ...(expand.has('cluster-member') &&
      agent.fields['agentType'] === 'enterprise-cluster' && {
        clusterMembers: objectsOf(agent.fields['clusterMembers']),
      }),
    ...(expand.has('test') && { tests: tests.map((test) => simpleTest(test, call)) }),
    ...(expand.has('test-ids') && !isCloud && { testIds: tests.map(({ id }) => Number(id)) }),
    ...(expand.has('notification-rule') &&
      !isCloud && { notificationRules: [{ agentAlertRules: rulesOf(agent, call) }] }),
  }
}
