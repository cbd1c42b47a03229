/**
 * What fields of a test mean for one another: the sentences of the official document that no schema holds. Refusals tell
 * the field and the rule; where the document says that the service sets a field itself, it is set here.
 */
import type { Call } from '../call.ts'
import { type JsonObject, objectOf, objectsOf, textOf, textsOf, without } from '../json.ts'
import type { Violation } from '../refusals.ts'

/** What a test would be after the write. */
interface Written {
  readonly type: string
  readonly merged: JsonObject
  readonly supplied: JsonObject
}

type Rule = (written: Written, call: Call) => readonly Violation[]

function numberOf(fields: JsonObject, key: string): number | undefined {
  const value = fields[key]
  return typeof value === 'number' ? value : undefined
}

/** A number that may be as large as another one of the test. */
const atMost =
  (key: string, limit: string, types: readonly string[]): Rule =>
  ({ type, merged }) => {
    const value = numberOf(merged, key)
    const most = numberOf(merged, limit)
    return types.includes(type) && value !== undefined && most !== undefined && value > most
      ? [{ field: key, message: `cannot exceed ${limit}, which is ${most}.` }]
      : []
  }

const pageLongerThanFetch: Rule = ({ type, merged }) => {
  const page = numberOf(merged, 'pageLoadTimeLimit')
  const fetch = numberOf(merged, 'httpTimeLimit')
  return type === 'page-load' && page !== undefined && fetch !== undefined && page <= fetch
    ? [{ field: 'pageLoadTimeLimit', message: `must be larger than httpTimeLimit, which is ${fetch}.` }]
    : []
}

const evenSubinterval: Rule = ({ merged }) => {
  const interval = numberOf(merged, 'interval')
  const part = numberOf(merged, 'subinterval')
  return interval !== undefined && part !== undefined && interval % part !== 0
    ? [{ field: 'subinterval', message: `must evenly divide the interval, which is ${interval}.` }]
    : []
}

const steadyRate: Rule = ({ type, supplied, merged }) => {
  const rate = numberOf(supplied, 'fixedPacketRate')
  const isSlow = rate !== undefined && rate > 0 && rate < 10
  return type === 'agent-to-server' && merged['continuousMode'] !== true && isSlow
    ? [{ field: 'fixedPacketRate', message: 'must be from 10 to 100 without continuousMode.' }]
    : []
}

const ownThroughput: Rule = ({ type, merged }, { state }) => {
  if (type !== 'agent-to-agent' || merged['throughputMeasurements'] !== true) return []
  const ids = [
    textOf(merged['targetAgentId']),
    ...objectsOf(merged['agents']).map((one) => textOf(one['agentId'])),
  ]
  const isCloud = ids.some((id) => state.find('agents', id ?? '')?.fields['agentType'] === 'cloud')
  return isCloud ? [{ field: 'throughputMeasurements', message: 'cannot be enabled with cloud agents.' }] : []
}

/** Bodies name thousands. */
function namedTwice(names: readonly string[]): string | undefined {
  const seen = new Set<string>()
  return names.find((name) => seen.size === seen.add(name).size)
}

const distinctNames =
  (key: string): Rule =>
  ({ type, supplied }) => {
    if (type !== 'api') return []
    const twice = namedTwice(objectsOf(supplied[key]).flatMap(({ name }) => textOf(name) ?? []))
    return twice === undefined ? [] : [{ field: key, message: `has the name ${twice} twice.` }]
  }

const rules: readonly Rule[] = [
  pageLongerThanFetch,
  atMost('pageLoadTargetTime', 'pageLoadTimeLimit', ['page-load']),
  atMost('targetTime', 'timeLimit', ['web-transactions']),
  atMost('httpInterval', 'interval', ['page-load']),
  evenSubinterval,
  steadyRate,
  ownThroughput,
  distinctNames('requests'),
  distinctNames('predefinedVariables'),
]

/** Where fields of a test contradict one another. */
export const contradictions = (written: Written, call: Call): readonly Violation[] =>
  rules.flatMap((rule) => rule(written, call))

/** What a continuous test is set to, whatever was asked for. */
function continuous({ type, merged, supplied }: Written): JsonObject {
  if (type !== 'agent-to-server') return {}
  if (merged['continuousMode'] === true)
    return {
      fixedPacketRate: 1,
      bandwidthMeasurements: false,
      ...(merged['protocol'] === 'tcp' && { probeMode: 'syn' }),
    }
  return supplied['continuousMode'] === false && merged['fixedPacketRate'] === 1 ? { fixedPacketRate: 0 } : {}
}

const relations = ['alertRules', 'tags', 'labels', 'monitors', 'sharedWithAccounts', 'credentials']

/** What a body names twice is there once: an agent measures once in a round. */
function namedOnce(supplied: JsonObject): JsonObject {
  const agents = new Map(objectsOf(supplied['agents']).map((agent) => [agent['agentId'], agent]))
  return Object.fromEntries([
    ...(agents.size > 0 ? [['agents', [...agents.values()]]] : []),
    ...relations.flatMap((key) =>
      supplied[key] === undefined ? [] : [[key, [...new Set(textsOf(supplied[key]))]]],
    ),
  ])
}

/** Fields that follow from others. @param isNew whether the test is created */
export function consequences(written: Written, isNew: boolean): JsonObject {
  const { merged, supplied } = written
  const oAuth = objectOf(supplied['oAuth'])
  return {
    ...namedOnce(supplied),
    ...continuous(written),
    ...(isNew &&
      supplied['usePublicBgp'] === undefined &&
      typeof supplied['bgpMeasurements'] === 'boolean' && { usePublicBgp: supplied['bgpMeasurements'] }),
    ...(oAuth['postBody'] !== undefined &&
      oAuth['requestMethod'] !== 'post' && { oAuth: without(objectOf(merged['oAuth']), ['postBody']) }),
  }
}
