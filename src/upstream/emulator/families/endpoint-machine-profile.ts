/** The machine of an endpoint agent as results tell of it. */
import { type JsonObject, only, present, textOf, textsOf } from '../json.ts'
import { type Draw, drawOf } from '../measurements/draw.ts'
import type { Entry } from '../state.ts'
import { type MachineProxy, networkOf, vpnOf } from './endpoint-machine.ts'

/** A network of machines: one private prefix behind one public range. */
export interface LocalNetwork {
  readonly networkId: string
  readonly networkName: string
  readonly localPrefix: string
  readonly publicIpRange: string
}

const rangeBegin = (address: string): string => address.replace(/\.\d+$/, '')

/** The local network of an agent's machine. All agents that share it, of one organization, tell of the same one. */
export function localNetworkOf(agent: Entry): LocalNetwork {
  const localPrefix = textOf(networkOf(agent)['localPrefix']) ?? '10.0.0.0'
  const range = rangeBegin(textOf(agent.fields['publicIP']) ?? '192.0.2.1')
  return {
    networkId: drawOf(`network ${agent.orgId} ${localPrefix} ${range}`).hex('id', 12),
    networkName: `${localPrefix} (in ${range}.0/24)`,
    localPrefix,
    publicIpRange: `${range}.0-${range}.255`,
  }
}

const proxyProfile = ({ target, bypass }: MachineProxy): JsonObject => ({
  method: 'Static',
  proxies: [{ proxy: target.server, bypass }],
})

/** How the machine is connected. */
export function networkProfile(agent: Entry, proxy?: MachineProxy): JsonObject {
  const network = networkOf(agent)
  return present({
    ...network,
    publicIpAddress: agent.fields['publicIP'],
    publicIpRange: localNetworkOf(agent).publicIpRange,
    dnsServers: textsOf(network['dnsServers']),
    proxyProfile: proxy && proxyProfile(proxy),
  })
}

const vpnKeys = ['vpnClientAddresses', 'vpnClientNetworkRange', 'vpnGatewayAddress', 'vpnType']

/** What rows of every kind tell of the machine. */
export const machineProfile = (agent: Entry): JsonObject => {
  const vpn = vpnOf(agent)
  return present({
    platform: agent.fields['platform'],
    batteryMetrics: agent.fields['batteryMetrics'],
    vpnProfile: vpn && only(vpn, vpnKeys),
  })
}

const mebibyte = 1_048_576

/** How busy a machine is. */
export interface Load {
  /** Mean share of the processors, 0 to 1. */
  readonly cpu: number
  /** Bytes. */
  readonly usedMemory: number
  readonly totalMemory: number
}

/** @param draw of the round */
export function loadOf(agent: Entry, draw: Draw): Load {
  const [, gibibytes] = /^(\d+) GB$/.exec(textOf(agent.fields['totalMemory']) ?? '') ?? []
  const totalMemory = Number(gibibytes ?? 16) * 1024 * mebibyte
  return {
    cpu: draw.number('cpu', [0.04, 0.6], 2),
    usedMemory: Math.round(totalMemory * draw.number('memory', [0.35, 0.8], 3)),
    totalMemory,
  }
}

/** The machine's load during ten seconds of a round. @param round epoch seconds */
export function systemMetrics({ cpu, usedMemory, totalMemory }: Load, round: number): JsonObject {
  const [low, high] = [Math.max(0, cpu - 0.03), Math.min(1, cpu + 0.1)]
  const used = {
    min: usedMemory,
    max: usedMemory,
    mean: usedMemory,
    median: usedMemory,
    stdDev: 0,
    count: 10,
  }
  return {
    startTimeMs: round * 1000,
    endTimeMs: round * 1000 + 10_000,
    cpuUtilization: { min: low, max: high, mean: cpu, median: cpu, stdDev: 0.02, count: 10 },
    physicalMemoryUsedBytes: used,
    physicalMemoryTotalBytes: totalMemory,
  }
}
