/**
 * Endpoint tests of templates are written in groups of settings (official document, `EndpointTestConfigTemplate`) where requests
 * of v7 have single keys. Which key is which is inferred from the names and descriptions of both. Enums are brought to v7 by
 * coerce.ts. Settings that tests of v7 do not have, as the expected response code, stay in the template.
 */
import { isJsonObject, type Json, type JsonObject, objectOf, own, present, textOf, without } from '../json.ts'
import type { Violation } from '../refusals.ts'

/** The groups that are objects. */
const objects = ['genericConfig', 'machineConfig', 'networkConfig', 'httpConfig', 'server']

const groups = [
  ...objects,
  'name',
  'description',
  'testType',
  'testCategory',
  'flagEnabled',
  'alertRules',
  'testLabelIds',
  'tagIds',
]

const typeWords: ReadonlyMap<string, string> = new Map([
  ['http', 'http-server'],
  ['network', 'agent-to-server'],
])

const selectorWords: ReadonlyMap<Json | undefined, string> = new Map([
  ['ANY_AGENT', 'all-agents'],
  ['SPECIFIC_AGENTS', 'specific-agents'],
  ['LIST_OF_LABELS', 'agent-labels'],
])

/** What a test of v7 has by itself when it is not told. */
const known = (value: Json | undefined): Json | undefined => (value === 'UNKNOWN' ? undefined : value)

/** Whether tests of the category are dynamic. */
const categories: Readonly<Record<string, boolean>> = { SCHEDULED_TEST: false, DYNAMIC_APP_TEST: true }

/** What is wrong with the configuration, and would be passed over on the way to a request of v7. */
export function endpointTestMistakes(config: JsonObject): readonly Violation[] {
  const { testCategory = 'SCHEDULED_TEST' } = config
  const names = Object.keys(categories)
  const others = objects.filter((key) => !isJsonObject(config[key] ?? {}))
  return [
    ...(names.some((name) => name === testCategory)
      ? []
      : [{ field: 'testCategory', message: `must be one of ${names.join(', ')}.` }]),
    ...others.map((field) => ({ field, message: 'must be an object.' })),
  ]
}

/** Which kind of endpoint test the configuration is of. */
export const endpointTestTypeOf = ({ testType, testCategory }: JsonObject): JsonObject => ({
  type: typeWords.get((textOf(testType) ?? '').toLowerCase()) ?? '',
  isDynamic: own(categories, textOf(testCategory) ?? '') ?? false,
})

const machineKeys = ({ monitoringSettingsType, agentIds, labelIds, maxMachines }: JsonObject): JsonObject =>
  present({
    agentSelectorType: selectorWords.get(monitoringSettingsType) ?? monitoringSettingsType,
    agents: agentIds,
    endpointAgentLabels: labelIds,
    maxMachines,
  })

const networkKeys = (network: JsonObject): JsonObject =>
  present({
    hasPing: network['flagPing'],
    hasTraceroute: network['flagTraceroute'],
    ipVersion: network['ipVersion'],
    protocol: known(network['networkProtocol']),
    hasPathTraceInSession: network['pathtraceInSession'],
    tcpProbeMode: known(network['tcpProbeMode']),
  })

const httpKeys = (http: JsonObject): JsonObject =>
  present({
    url: http['url'],
    targetResponseTime: http['targetResponseTime'],
    httpTimeLimit: http['httpTimeLimit'],
    verifyCertificate: http['verifyCertHostname'],
    sslVersionId: http['sslVersion'],
    authType: http['authType'],
    username: http['username'],
    password: http['password'],
  })

/** A higher priority is scheduled first; v7 knows prioritized tests and others. */
const isPrioritized = (priority: Json | undefined): boolean | undefined =>
  priority === undefined ? undefined : Number(priority) > 0

/** An endpoint test of a template as v7 takes it. */
export function endpointTestRequest(config: JsonObject): JsonObject {
  const { interval, priority } = objectOf(config['genericConfig'])
  const { serverName, port } = objectOf(config['server'])
  return {
    ...without(config, groups),
    ...endpointTestTypeOf(config),
    ...present({
      testName: config['testName'] ?? config['name'],
      interval,
      isPrioritized: isPrioritized(priority),
      server: serverName,
      port,
    }),
    ...machineKeys(objectOf(config['machineConfig'])),
    ...networkKeys(objectOf(config['networkConfig'])),
    ...httpKeys(objectOf(config['httpConfig'])),
  }
}

/** What a new endpoint test cannot be told, and one that is there can. */
export function endpointTestChange({ flagEnabled, networkConfig }: JsonObject): JsonObject | undefined {
  const change = present({
    isEnabled: flagEnabled,
    tcpProbeMode: known(objectOf(networkConfig)['tcpProbeMode']),
  })
  return Object.keys(change).length === 0 ? undefined : change
}
