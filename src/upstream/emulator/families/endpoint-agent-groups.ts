/**
 * Groups of endpoint agents that follow from what the machines are: labels and dynamic tags, whose filters are alike. Which values a
 * filter knows and which of them have wildcards or are networks is documented; letters count where that is said.
 */
import { BlockList, isIP } from 'node:net'
import { type Json, type JsonObject, listOf, objectOf, objectsOf, textsOf } from '../json.ts'
import type { Entry, Objects } from '../state.ts'
import { sameWord } from '../text-search.ts'
import {
  locationOf,
  networkOf,
  proxyOf,
  usersOf,
  vpnOf,
  vpnTargetOf,
  wirelessOf,
} from './endpoint-machine.ts'

const texts = (...values: readonly (Json | undefined)[]): readonly string[] =>
  values.flatMap((value) => (typeof value === 'string' || typeof value === 'number' ? [String(value)] : []))

type Values = (agent: Entry, state: Objects) => readonly string[]
type Matches = (value: string, wanted: string) => boolean

const exact: Matches = (value, wanted) => value === wanted

/** Whether the rest of the text begins with a part of a pattern, in which `?` stands for any character. */
const fitsAt = (text: string, part: string, at: number): boolean =>
  at + part.length <= text.length &&
  [...part].every((letter, index) => letter === '?' || letter === text[at + index])

/** The first place from which a part fits; every part is looked for once, so that no pattern takes long. */
function placeOf(text: string, part: string, from: number): number {
  for (let at = from; at + part.length <= text.length; at += 1) if (fitsAt(text, part, at)) return at
  return -1
}

/** `*` stands for any characters and `?` for one (official document); that letters do not count is ours. */
const wildcard: Matches = (value, pattern) => {
  const text = value.toLowerCase()
  const [head = '', ...rest] = pattern.toLowerCase().split('*')
  const tail = rest.pop()
  if (tail === undefined) return text.length === head.length && fitsAt(text, head, 0)
  if (!fitsAt(text, head, 0)) return false
  let from = head.length
  for (const part of rest) {
    const at = placeOf(text, part, from)
    if (at < 0) return false
    from = at + part.length
  }
  return text.length - tail.length >= from && fitsAt(text, tail, text.length - tail.length)
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4')

/** A network in CIDR form, or one address, of the same family as the address. What is neither holds nothing. */
const inNetwork: Matches = (address, network) => {
  const most = isIP(address) === 6 ? 128 : 32
  const [base = '', length = String(most)] = network.split('/')
  const isNetwork = isIP(base) === isIP(address) && /^\d{1,3}$/.test(length) && Number(length) <= most
  if (!isNetwork) return false
  const block = new BlockList()
  block.addSubnet(base, Number(length), familyOf(base))
  return block.check(address, familyOf(address))
}

const field =
  (key: string): Values =>
  ({ fields }) =>
    texts(fields[key])

const ofNetwork =
  (key: string): Values =>
  (agent) =>
    texts(networkOf(agent)[key])

const ofVpn =
  (key: string): Values =>
  (agent) =>
    texts(vpnOf(agent)?.[key])

const vpnAddresses: Values = (agent) => textsOf(vpnOf(agent)?.['vpnClientAddresses'])

const keys: Readonly<Record<string, readonly [Values, Matches]>> = {
  'agent-id': [({ id }) => [id], exact],
  location: [(agent) => texts(locationOf(agent)), exact],
  'serial-number': [field('serialNumber'), exact],
  'public-network': [field('publicIP'), inNetwork],
  'local-network': [ofNetwork('ipAddress'), inNetwork],
  connection: [ofNetwork('hardwareType'), sameWord],
  gateway: [ofNetwork('gateway'), exact],
  platform: [field('platform'), sameWord],
  'nic-model': [field('nicModel'), exact],
  'nic-driver-version': [field('nicDriverVersion'), exact],
  'agent-type': [field('agentType'), sameWord],
  'proxy-target': [(agent, state) => texts(proxyOf(agent, state)?.target.ipAddress), exact],
  'vpn-vendor': [ofVpn('vpnType'), sameWord],
  'vpn-gateway-address': [ofVpn('vpnGatewayAddress'), exact],
  'vpn-target': [(agent) => texts(vpnTargetOf(agent)), exact],
  'vpn-client-network': [vpnAddresses, inNetwork],
  'vpn-client-address': [vpnAddresses, exact],
  'ip-address-family': [(agent) => texts(networkOf(agent)['ipAddress']).map(familyOf), sameWord],
  ssid: [(agent) => texts(wirelessOf(agent)['ssid']), wildcard],
  bssid: [(agent) => texts(wirelessOf(agent)['bssid']), exact],
  hostname: [field('computerName'), wildcard],
  username: [(agent) => usersOf(agent, 'userName'), wildcard],
  asn: [({ fields }) => texts(objectOf(fields['asnDetails'])['asNumber']), exact],
}

/** Whether a filter of the scope `default` can have the key. */
export const isGroupKey = (key: string): boolean => Object.hasOwn(keys, key)

/** What an agent's owner has put on it by a key of their own. */
const custom =
  (key: string): Values =>
  ({ fields }) =>
    objectsOf(fields['externalMetadata']).flatMap((one) => (one['key'] === key ? texts(one['value']) : []))

function passes({ key, values, mode, scope }: JsonObject, agent: Entry, state: Objects): boolean {
  const name = typeof key === 'string' ? key : ''
  const known = isGroupKey(name) ? keys[name] : undefined
  const [valuesOf, matches] = scope === 'custom' ? ([custom(name), exact] as const) : (known ?? [])
  const found = valuesOf?.(agent, state) ?? []
  const isAmong = found.some((value) => texts(...listOf(values)).some((wanted) => matches?.(value, wanted)))
  return mode === 'not-in' ? !isAmong : isAmong
}

/** Whether an agent is in the group of a label or of a dynamic tag. One without filters has nobody. */
export function isInGroup(agent: Entry, { fields }: Entry, state: Objects): boolean {
  const filters = objectsOf(fields['filters'])
  if (filters.length === 0) return false
  return fields['matchType'] === 'or'
    ? filters.some((filter) => passes(filter, agent, state))
    : filters.every((filter) => passes(filter, agent, state))
}
