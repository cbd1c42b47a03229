import type { Call } from '../call.ts'
import { type Json, type JsonObject, objectOf, only } from '../json.ts'
import type { Entry, Objects } from '../state.ts'
import { locationOf, networkOf, proxyOf, usersOf, vpnTargetOf, wirelessOf } from './endpoint-machine.ts'
import { localNetworkOf } from './endpoint-machine-profile.ts'
import { exactly, type Facets } from './endpoint-search.ts'

const texts = (...values: readonly (Json | undefined)[]): readonly string[] =>
  values.filter((value): value is string => typeof value === 'string')

/** What searches for results can ask of the agent. All of them are to the letter (documented of the NIC alone). */
export const agentFacets = (state: Objects): Facets<Entry> => ({
  agentId: exactly(({ id }) => [id]),
  userPrincipalName: exactly((agent) => usersOf(agent, 'userPrincipalName')),
  nicModel: exactly(({ fields }) => texts(fields['nicModel'])),
  nicDriverVersion: exactly(({ fields }) => texts(fields['nicDriverVersion'])),
  location: exactly((agent) => texts(locationOf(agent))),
  connection: exactly((agent) => texts(networkOf(agent)['hardwareType'])),
  platform: exactly(({ fields }) => texts(fields['platform'])),
  gateway: exactly((agent) => texts(networkOf(agent)['gateway'])),
  proxyTarget: exactly((agent) => texts(proxyOf(agent, state)?.target.ipAddress)),
  vpnTarget: exactly((agent) => texts(vpnTargetOf(agent))),
  networkId: exactly((agent) => [localNetworkOf(agent).networkId]),
  ssid: exactly((agent) => texts(wirelessOf(agent)['ssid'])),
  bssid: exactly((agent) => texts(wirelessOf(agent)['bssid'])),
})

/** The filters of the body, as far as the operation has them: what the document does not know is ignored. */
export function declaredFilters({ body, model, row }: Call): JsonObject {
  const declared = model.properties(model.schema(row.body?.schema ?? ''))['searchFilters']
  if (!declared) return objectOf(body)
  return only(
    objectOf(objectOf(body)['searchFilters']),
    Object.keys(model.properties(model.resolve(declared))),
  )
}
