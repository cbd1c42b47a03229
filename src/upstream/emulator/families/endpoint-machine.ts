/** The machine of an endpoint agent: where it is, how it is connected, who uses it. */
import { type JsonObject, objectOf, objectsOf, present, textOf, textsOf } from '../json.ts'
import { type Target, targetOfServer } from '../measurements/target.ts'
import type { Entry, Objects } from '../state.ts'

export const networkOf = ({ fields }: Pick<Entry, 'fields'>): JsonObject => objectOf(fields['network'])

export const wirelessOf = (agent: Entry): JsonObject => objectOf(networkOf(agent)['wirelessProfile'])

/** The VPN that the machine is connected by, if any. */
export const vpnOf = ({ fields }: Entry): JsonObject | undefined => objectsOf(fields['vpnProfiles'])[0]

export const vpnTargetOf = (agent: Entry): string | undefined => textOf(vpnOf(agent)?.['vpnGatewayAddress'])

export const locationOf = ({ fields }: Entry): string | undefined =>
  textOf(objectOf(fields['location'])['locationName'])

/** Where a machine is, from its public address. */
export const coordinatesOf = ({ fields }: Entry): JsonObject => {
  const { latitude, longitude, locationName } = objectOf(fields['location'])
  return present({ latitude, longitude, location: locationName })
}

/** The proxy that the machine is told to use, if it is one with an address. */
export interface MachineProxy {
  readonly target: Target
  readonly port: number
  readonly bypass: string
}

const usualProxyPort = 8080

/** @returns undefined for a machine without a static proxy: where a script leads to is not known here */
export function proxyOf({ id, aid }: Entry, state: Objects): MachineProxy | undefined {
  const entry = state
    .all('endpoint-proxies')
    .find(
      ({ aid: owner, fields }) =>
        owner === aid && fields['type'] === 'static' && textsOf(fields['agentIds']).includes(id),
    )
  if (!entry) return undefined
  const port = Number(entry.fields['port'] ?? usualProxyPort)
  return {
    port,
    target: targetOfServer(`${textOf(entry.fields['host']) ?? 'proxy.example'}:${port}`),
    bypass: textOf(entry.fields['bypassList']) ?? '',
  }
}

/** The users of the agent's machine, as far as it tells them. */
export const usersOf = ({ fields }: Entry, key: 'userName' | 'userPrincipalName'): readonly string[] =>
  objectsOf(fields['clients']).flatMap((client) => textOf(objectOf(client['userProfile'])[key]) ?? [])

export const userProfileOf = ({ fields }: Entry): JsonObject | undefined => {
  const [client] = objectsOf(fields['clients'])
  return client && objectOf(client['userProfile'])
}
