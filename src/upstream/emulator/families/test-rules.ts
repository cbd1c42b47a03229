/**
 * What fields of a test mean for one another: the sentences of the official document that no schema holds. Refusals tell
 * the field and the rule; where the document says that the service sets a field itself, it is set here.
 */
import type { Call } from '../call.ts'
import { type JsonObject, objectOf, objectsOf, textOf, textsOf, without } from '../json.ts'
import { codecOf } from '../measurements/codecs.ts'
import type { Violation } from '../refusals.ts'
import { cloudThroughput, wantsCloudThroughput } from '../rules/throughput.ts'

/** What a test would be after the write. */
interface Written {
  readonly type: string
  readonly merged: JsonObject
  readonly supplied: JsonObject
}

/** Where fields of a test contradict objects that they name. What contradicts another field stands in config/v7/rules.yaml. */
export const contradictions = ({ type, merged }: Written, { state }: Call): readonly Violation[] =>
  type === 'agent-to-agent' &&
  wantsCloudThroughput(merged, (id) => state.find('agents', id)?.fields['agentType'] === 'cloud')
    ? [cloudThroughput]
    : []

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
  const codecId = textOf(merged['codecId'])
  return {
    ...namedOnce(supplied),
    ...continuous(written),
    ...(written.type === 'voice' && codecId !== undefined && { codec: codecOf(codecId).name }),
    ...(isNew &&
      supplied['usePublicBgp'] === undefined &&
      typeof supplied['bgpMeasurements'] === 'boolean' && { usePublicBgp: supplied['bgpMeasurements'] }),
    ...(oAuth['postBody'] !== undefined &&
      oAuth['requestMethod'] !== 'post' && { oAuth: without(objectOf(merged['oAuth']), ['postBody']) }),
  }
}
