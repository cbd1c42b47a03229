import type { Call } from '../call.ts'
import type { Acceptance, Accepted } from '../crud.ts'
import { isoDate } from '../iso-date.ts'
import { type Json, type JsonObject, present, textsOf, without } from '../json.ts'
import { portOf, targetOfUrl } from '../measurements/target.ts'
import { invalid, type V7Refusal, type Violation } from '../refusals.ts'
import { violationsOf } from '../validate.ts'
import { ownEndpointAgents } from './endpoint-agent-relations.ts'
import type { EndpointTestKind } from './endpoint-test-kinds.ts'

const applications = ['webex', 'zoom', 'microsoft-teams']

/** What a selector names that is not there. What it must name stands in config/v7/rules.yaml. */
function strayAgents(merged: JsonObject, call: Call): readonly Violation[] {
  const own = ownEndpointAgents(call).map(({ id }) => id)
  const isLabel = (id: string): boolean => call.state.find('endpoint-labels', id)?.aid === call.aid
  const isTag = (id: string): boolean => call.state.find('tags', id)?.orgId === call.caller.orgId
  const strays = (name: string, ids: readonly string[]): readonly Violation[] =>
    ids.map((id) => ({ field: name, message: `There is no ${id} in this account group.` }))
  return [
    ...strays(
      'agents',
      textsOf(merged['agents']).filter((id) => !own.includes(id)),
    ),
    ...strays(
      'endpointAgentLabels',
      textsOf(merged['endpointAgentLabels']).filter((id) => !isLabel(id)),
    ),
    ...strays(
      'tagIds',
      textsOf(merged['tagIds']).filter((id) => !isTag(id)),
    ),
  ]
}

function wrongApplication({ application }: JsonObject): readonly Violation[] {
  return application === undefined || applications.includes(String(application))
    ? []
    : [{ field: 'application', message: `must be one of ${applications.join(', ')}.` }]
}

/** The request has no bounds for it and the answer has some, under its other name: what could not be read is not taken. */
const wrongTargetTime = ({ targetResponseTime }: JsonObject, { model }: Call): readonly Violation[] =>
  targetResponseTime === undefined
    ? []
    : violationsOf(model, model.schema('TestHttpTargetTime'), targetResponseTime).map(({ message }) => ({
        field: 'targetResponseTime',
        message,
      }))

/** Server and port of an HTTP test come from its URL; the other keys are renamed in the answer (inferred from their texts). */
function webFields({ url, targetResponseTime, authType }: JsonObject): JsonObject {
  if (typeof url !== 'string') return {}
  const { host, server } = targetOfUrl(url)
  return present({
    server: host,
    port: portOf(server),
    httpTargetTime: targetResponseTime,
    sslVersion: 'Auto',
    useNtlm: authType === 'ntlm',
  })
}

const usual: JsonObject = {
  isEnabled: true,
  networkMeasurements: true,
  tcpProbeMode: 'auto',
  followRedirects: true,
  httpVersion: 2,
}

const serverOf = ({ server, serverName }: JsonObject): Json | undefined => server ?? serverName

/** A create or update of an endpoint test of the kind. */
export const acceptEndpointTest =
  (kind: EndpointTestKind) =>
  ({ call, merged, stored }: Acceptance): Accepted | V7Refusal => {
    const wrong = [
      ...strayAgents(merged, call),
      ...wrongApplication(merged),
      ...wrongTargetTime(merged, call),
    ]
    if (wrong.length > 0) return invalid(wrong)
    const at = isoDate(call.now)
    return {
      fields: {
        ...usual,
        ...without(merged, ['password', 'serverName', 'targetResponseTime']),
        ...present({ server: serverOf(merged) }),
        ...webFields(merged),
        type: kind.type,
        isDynamic: kind.isDynamic,
        isSavedEvent: false,
        createdDate: stored?.fields['createdDate'] ?? at,
        modifiedDate: at,
      },
    }
  }
