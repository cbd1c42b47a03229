/**
 * What values of widgets can be grouped and filtered by (official document, `ApiAggregateProperty`), as far as objects here
 * say it. A property that says nothing of what is measured has no groups, so that nothing of it shows.
 */
import type { Call } from '../call.ts'
import { tagsOf } from '../families/tag-assignments.ts'
import { labelName } from '../families/test-labels.ts'
import { type Json, objectOf, objectsOf, textOf, textsOf } from '../json.ts'
import type { Target } from '../measurements/target.ts'
import type { Entry } from '../state.ts'
import { continentOf, countryName } from './continents.ts'

export interface Group {
  readonly id: string
  readonly label: string
}

/** What one series of measurements is about. */
export interface Subject {
  readonly test: Entry
  /** What measures: an agent, or a monitor of a BGP test. */
  readonly agent: Entry
  readonly target: Target
}

const group = (id: Json | undefined, label: Json | undefined = id): readonly Group[] =>
  typeof id === 'string' && id !== '' ? [{ id, label: textOf(label) ?? id }] : []

const tagGroups = (tags: readonly { readonly [key: string]: Json }[]): readonly Group[] =>
  tags.flatMap(({ id, key, value }) => group(id, `${key}:${value}`))

const continentGroup = (countryId: string): readonly Group[] => group(continentOf(countryId))

const nameOfTest = ({ test }: Subject): readonly Group[] => group(test.id, test.fields['testName'])
const nameOfAgent = ({ agent }: Subject): readonly Group[] =>
  agent.collection === 'agents' ? group(agent.id, agent.fields['agentName']) : []

const targetAgent = ({ test }: Subject, { state }: Call): Entry | undefined =>
  state.find('agents', textOf(test.fields['targetAgentId']) ?? '')

const tagsOfTest = ({ test }: Subject, { state }: Call): readonly Group[] =>
  tagGroups(
    textsOf(test.fields['tags']).flatMap((id) => {
      const tag = state.find('tags', id)
      return tag ? [{ ...tag.fields, id }] : []
    }),
  )

const properties: Readonly<Record<string, (subject: Subject, call: Call) => readonly Group[]>> = {
  ALL: () => group('ALL', 'All'),
  TEST: nameOfTest,
  AGENT: nameOfAgent,
  SOURCE: nameOfAgent,
  MONITOR: ({ agent }) =>
    agent.collection === 'monitors' ? group(agent.id, agent.fields['monitorName']) : [],
  SERVER: ({ target }) => group(target.server),
  DOMAIN: ({ target }) => group(target.host),
  COUNTRY: ({ agent }) =>
    group(agent.fields['countryId'], countryName(String(agent.fields['countryId'] ?? ''))),
  CONTINENT: ({ agent }) => continentGroup(String(agent.fields['countryId'] ?? '')),
  REGION: ({ agent }) => group(agent.fields['location']),
  ASN: ({ agent }) => {
    const { asn, name } = objectOf(agent.fields['networkProviderInfo'])
    return asn === undefined ? [] : group(String(asn), name)
  },
  TARGET_AGENT: (subject, call) => {
    const agent = targetAgent(subject, call)
    return agent ? group(agent.id, agent.fields['agentName']) : []
  },
  SOURCE_AND_TARGET_AGENT: (subject, call) => {
    const target = targetAgent(subject, call)
    const { agent } = subject
    return target
      ? group(`${agent.id}:${target.id}`, `${agent.fields['agentName']} to ${target.fields['agentName']}`)
      : []
  },
  TEST_TAG: tagsOfTest,
  AGENT_TAG: ({ agent }, call) => tagGroups(tagsOf({ id: agent.id, type: 'v-agent' }, call)),
  AGENT_LABEL: ({ agent }) =>
    objectsOf(agent.fields['labels']).flatMap(({ labelId, name }) => group(labelId, name)),
  TEST_LABEL: ({ test }, { state }) =>
    textsOf(test.fields['labels']).flatMap((id) => group(id, labelName(id, test, state))),
}

const nameOfMachine = ({ agent }: Subject): readonly Group[] =>
  group(agent.id, agent.fields['name'] ?? agent.fields['computerName'])

/** The properties of what endpoint agents measure, and of nothing else. */
const machineProperties: Readonly<Record<string, (subject: Subject, call: Call) => readonly Group[]>> = {
  ALL: () => group('ALL', 'All'),
  EYEBROW_TEST: nameOfTest,
  EYEBROW_MACHINE_ID: nameOfMachine,
  ENDPOINT_MACHINE_ID: nameOfMachine,
  EYEBROW_AGENT: nameOfMachine,
  EYEBROW_COMPUTER_NAME: ({ agent }) => group(agent.fields['computerName']),
  EYEBROW_PLATFORM: ({ agent }) => group(agent.fields['platform']),
  EYEBROW_HOST: ({ target }) => group(target.host),
  EYEBROW_TARGET_IP: ({ target }) => group(target.ipAddress),
  EYEBROW_NET_TARGET_IP: ({ target }) => group(target.ipAddress),
}

/** Whether subjects have the property at all. */
export const isProperty = (property: string): boolean =>
  Object.hasOwn(properties, property) || Object.hasOwn(machineProperties, property)

/** The values of a property that the subject has: several where it has several tags. */
export function groupsOf(property: string, subject: Subject, call: Call): readonly Group[] {
  const own = subject.test.collection === 'endpoint-tests' ? machineProperties : properties
  return Object.hasOwn(own, property) ? (own[property]?.(subject, call) ?? []) : []
}
