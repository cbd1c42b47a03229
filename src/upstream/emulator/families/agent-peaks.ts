/**
 * How many agents are billed: the largest number that was switched on in the billing period (official document). What was at
 * once is what counts here; ThousandEyes counts by the hour. A write that lowers a number keeps the one before it.
 */
import type { Call } from '../call.ts'
import { type Json, type JsonObject, objectsOf } from '../json.ts'
import type { Entry, Objects, Written } from '../state.ts'
import { groupNameOf } from './unit-history.ts'
import { billingPeriod } from './units.ts'

/** By the organization: the numbers before each was lowered, of the billing period of the last such write. */
const agentPeaks = 'agent-peaks'

/** Agents that are billed as one kind. */
interface Billed {
  readonly collection: 'agents' | 'endpoint-agents'
  readonly isBilled: (agent: Entry) => boolean
}

const enterprise: Billed = {
  collection: 'agents',
  isBilled: ({ fields }) => fields['enabled'] !== false,
}

/** Endpoint agents that may measure, by what they are licensed for; without a word it is `advantage`. */
const endpoint = (license: Json): Billed => ({
  collection: 'endpoint-agents',
  isBilled: ({ fields }) =>
    fields['status'] !== 'disabled' &&
    fields['deleted'] !== true &&
    (fields['licenseType'] ?? 'advantage') === license,
})

const agentsOf = ({ collection, isBilled }: Billed, orgId: string, objects: Objects): readonly Entry[] =>
  objects.all(collection).filter((agent) => agent.orgId === orgId && isBilled(agent))

/** Those of an organization that are switched on. */
export const enterpriseAgents = (orgId: string, objects: Objects): readonly Entry[] =>
  agentsOf(enterprise, orgId, objects)

/** What is counted: the total, which rows name it by too, the value of `expand` that shows the rows, and where they stand. */
const kinds: readonly {
  readonly total: string
  readonly expand: string
  readonly rows: string
  readonly agents: Billed
}[] = [
  {
    total: 'enterpriseAgentsUsed',
    expand: 'enterprise-agent',
    rows: 'enterpriseAgents',
    agents: enterprise,
  },
  {
    total: 'endpointAgentsUsed',
    expand: 'endpoint-agent',
    rows: 'endpointAgents',
    agents: endpoint('advantage'),
  },
  {
    total: 'endpointAgentsEssentialsUsed',
    expand: 'endpoint-agent-essential',
    rows: 'endpointAgentsEssentials',
    agents: endpoint('essentials'),
  },
  {
    total: 'endpointAgentsEmbeddedUsed',
    expand: 'endpoint-agent-embedded',
    rows: 'endpointAgentsEmbedded',
    agents: endpoint('embedded'),
  },
]

type Kind = (typeof kinds)[number]

/** How many of the agents each account group of the organization has. */
function rowsOf({ total, agents }: Kind, orgId: string, objects: Objects): readonly JsonObject[] {
  const counts = Map.groupBy(agentsOf(agents, orgId, objects), ({ aid }) => aid)
  return objects
    .all('account-groups')
    .filter((group) => group.orgId === orgId)
    .map(({ id }) => ({
      aid: id,
      accountGroupName: groupNameOf(id, objects),
      [total]: counts.get(id)?.length ?? 0,
    }))
}

const sumOf = ({ total }: Kind, rows: readonly JsonObject[]): number =>
  rows.reduce((sum, row) => sum + Number(row[total]), 0)

/** The rows that were kept in this billing period. */
function keptRows({ rows }: Kind, { state, caller, now }: Call): readonly JsonObject[] {
  const peaks = state.find(agentPeaks, caller.orgId)?.fields ?? {}
  return peaks['startAt'] === billingPeriod(now).startAt ? objectsOf(peaks[rows]) : []
}

const larger = (kind: Kind, a: readonly JsonObject[], b: readonly JsonObject[]): readonly JsonObject[] =>
  sumOf(kind, a) > sumOf(kind, b) ? a : b

/** The members of usage that count agents, with the rows that are asked for. */
export function agentCounts(call: Call): JsonObject {
  const { caller, state, expand } = call
  const members = kinds.map((kind): JsonObject => {
    const rows = larger(kind, keptRows(kind, call), rowsOf(kind, caller.orgId, state))
    return { [kind.total]: sumOf(kind, rows), ...(expand.has(kind.expand) && { [kind.rows]: rows }) }
  })
  return Object.assign({}, ...members)
}

/** How many more agents of a kind the organization had before the call than it has now; only those that it touched are looked at. */
function loss({ agents }: Kind, { caller, state }: Call, { written, before }: WhatWasDone): number {
  const { collection, isBilled } = agents
  const counted = (agent: Entry | undefined): number =>
    agent?.orgId === caller.orgId && isBilled(agent) ? 1 : 0
  return [...written.entries, ...written.removed]
    .filter((one) => one.collection === collection)
    .reduce(
      (sum, { id }) => sum + counted(before.find(collection, id)) - counted(state.find(collection, id)),
      0,
    )
}

interface WhatWasDone {
  readonly written: Written
  readonly before: Objects
}

/** @param written what the call did, @param before the objects as they were */
export function keepAgentPeaks(call: Call, written: Written, before: Objects): void {
  const { caller, state, now } = call
  const lowered = new Set(kinds.filter((kind) => loss(kind, call, { written, before }) > 0))
  if (lowered.size === 0) return
  const peaks = kinds.flatMap((kind): readonly (readonly [string, readonly JsonObject[]])[] => {
    const kept = keptRows(kind, call)
    const peak = lowered.has(kind) ? larger(kind, rowsOf(kind, caller.orgId, before), kept) : kept
    return peak.length > 0 ? [[kind.rows, peak]] : []
  })
  state.put({
    collection: agentPeaks,
    id: caller.orgId,
    orgId: caller.orgId,
    fields: { startAt: billingPeriod(now).startAt, ...Object.fromEntries(peaks) },
  })
}
