import { type JsonObject, objectsOf, textOf } from '../json.ts'

/** Throughput is measured between enterprise agents (official document). */
export function wantsCloudThroughput(
  { targetAgentId, agents, throughputMeasurements }: JsonObject,
  isCloud: (agentId: string) => boolean,
): boolean {
  if (throughputMeasurements !== true) return false
  const ids = [textOf(targetAgentId), ...objectsOf(agents).map(({ agentId }) => textOf(agentId))]
  return ids.some((id) => id !== undefined && isCloud(id))
}

export const cloudThroughput = {
  field: 'throughputMeasurements',
  message: 'cannot be enabled with cloud agents.',
} as const
