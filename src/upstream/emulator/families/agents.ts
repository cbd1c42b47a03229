import type { Answerers, Call } from '../call.ts'
import { type Acceptance, type Accepted, crud, type Family } from '../crud.ts'
import { type JsonObject, objectsOf, textsOf, without } from '../json.ts'
import type { Model } from '../model.ts'
import { invalidField, refused, type V7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { seesAgent, setAgentTests, takeFromTests } from './agent-relations.ts'
import { showAgent } from './agent-show.ts'
import { forget, tagsOf } from './tag-assignments.ts'

const commaList = (query: URLSearchParams, name: string): readonly string[] =>
  query
    .getAll(name)
    .flatMap((value) => value.split(','))
    .filter((value) => value !== '')

function passesFilters(agent: Entry, call: Call): boolean {
  const { query } = call
  const types = commaList(query, 'agentTypes')
  const labels = commaList(query, 'labels')
  const tagKeys = commaList(query, 'tagKeys')
  const has = (list: readonly JsonObject[], key: string, wanted: readonly string[]): boolean =>
    wanted.length === 0 || list.some((one) => wanted.includes(String(one[key])))
  return (
    (types.length === 0 || types.includes(String(agent.fields['agentType']))) &&
    has(objectsOf(agent.fields['labels']), 'name', labels) &&
    has(tagsOf({ id: agent.id, type: 'v-agent' }, call), 'key', tagKeys)
  )
}

const isCatalogue = (agent: Entry | undefined): boolean => agent?.fields['agentType'] === 'cloud'

function accept({ call, supplied, merged, stored }: Acceptance): Accepted | V7Refusal {
  if (isCatalogue(stored)) return refused('forbidden', 'Cloud agents cannot be changed.')
  const isTaken = call.state
    .all('agents')
    .some(
      ({ id, orgId, fields }) =>
        (orgId === undefined || orgId === call.caller.orgId) &&
        id !== stored?.id &&
        fields['agentName'] === merged['agentName'],
    )
  if (isTaken) return invalidField('agentName', 'An agent of this name exists already.')
  const stray = textsOf(supplied['tests']).find((id) => call.state.find('tests', id)?.aid !== call.aid)
  if (stray !== undefined) return invalidField('tests', `There is no test ${stray}.`)
  const foreign = textsOf(supplied['accountGroups']).find(
    (aid) => call.state.find('account-groups', aid)?.orgId !== call.caller.orgId,
  )
  if (foreign !== undefined)
    return invalidField('accountGroups', `There is no account group ${foreign} in this organization.`)
  const owner = stored?.aid
  const groups = [...new Set(textsOf(merged['accountGroups']))].filter((aid) => aid !== owner)
  if (supplied['tests'] !== undefined && stored)
    setAgentTests(stored.id, new Set(textsOf(supplied['tests'])), call)
  return { fields: { ...without(merged, ['tests']), accountGroups: groups } }
}

const agent: Family = {
  path: '/agents',
  collection: 'agents',
  idKey: 'agentId',
  owner: 'account-group',
  newId: ({ state }) => state.nextId(),
  sees: seesAgent,
  lists: passesFilters,
  show: showAgent,
  accept,
  beforeDelete(entry, call) {
    if (isCatalogue(entry)) return refused('forbidden', 'Cloud agents cannot be deleted.')
    takeFromTests(new Set([entry.id]), call)
    forget({ id: entry.id, type: 'v-agent' }, call)
    return undefined
  },
}

/** `/agents`: cloud, enterprise and enterprise-cluster agents. Nothing creates one here. */
export const agents = (model: Model): Answerers => crud(agent, model)
