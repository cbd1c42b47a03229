/**
 * Probes of local networks: what an agent's machine reaches on its way out, its gateway, its resolver, its proxy and its VPN, every
 * five minutes. An id holds the network and the round, and so leads back to its probe.
 */
import type { Call } from '../call.ts'
import { textOf, textsOf } from '../json.ts'
import { type Draw, drawOf } from '../measurements/draw.ts'
import { networkNumbers } from '../measurements/network.ts'
import type { Entry } from '../state.ts'
import type { TimeRange } from '../time-range.ts'
import { endpointAgentsEverOwn } from './endpoint-agent-relations.ts'
import { type Grid, mapped } from './endpoint-grid.ts'
import { networkOf, proxyOf, vpnTargetOf } from './endpoint-machine.ts'
import { localNetworkOf } from './endpoint-machine-profile.ts'
import { hadRound, type MachineCell, machineOn, machineRounds } from './endpoint-machine-rounds.ts'
import { farPing, nearPing, type Ping } from './endpoint-pings.ts'
import { shardOf } from './endpoint-sessions.ts'

const intervalSeconds = 300

export type ProbeType = 'gateway' | 'dns' | 'proxy' | 'vpn'

/** What an agent probes in every round. */
export interface ProbedTarget extends MachineCell {
  readonly type: ProbeType
  readonly target: string
  /** Of what is reached by TCP. */
  readonly port: number | undefined
}

export interface Probe extends ProbedTarget {
  readonly id: string
  /** Epoch seconds. */
  readonly round: number
  readonly ping: Ping
  readonly draw: Draw
  readonly pair: Draw
}

function targetsOf(agent: Entry, { state }: Call): readonly ProbedTarget[] {
  const on = machineOn(agent)
  if (on.length === 0) return []
  const network = networkOf(agent)
  const proxy = proxyOf(agent, state)
  const found: readonly (readonly [ProbeType, string | undefined, number | undefined])[] = [
    ['gateway', textOf(network['gateway']), undefined],
    ['dns', textsOf(network['dnsServers'])[0], 53],
    ['proxy', proxy?.target.ipAddress, proxy?.port],
    ['vpn', vpnTargetOf(agent), 443],
  ]
  return found.flatMap(([type, target, port]) =>
    target === undefined ? [] : [{ agent, on, type, target, port }],
  )
}

/** All that the agents of the account group probe, or did. */
export const probedTargets = (call: Call): readonly ProbedTarget[] =>
  endpointAgentsEverOwn(call).flatMap((agent) => targetsOf(agent, call))

export function probeOf(probed: ProbedTarget, round: number, { region }: Pick<Call, 'region'>): Probe {
  const { agent, type, target } = probed
  const pair = drawOf(`${region} probe ${agent.id} ${type} ${target}`)
  const draw = pair.of(round)
  const isNear = type === 'gateway' || type === 'dns'
  return {
    ...probed,
    id: `${shardOf(agent)}:${localNetworkOf(agent).networkId}:${round}:${draw.hex('id', 8)}`,
    round,
    ping: isNear ? nearPing(draw, [1, 9]) : farPing(networkNumbers(pair, draw, false)),
    draw,
    pair,
  }
}

/** The probes of the range, the newest first. */
export const probesOf = (
  probed: readonly ProbedTarget[],
  call: Call,
  span: { readonly range: TimeRange | undefined; readonly asOf: number },
): Grid<Probe> =>
  mapped(machineRounds(probed, intervalSeconds, span), ({ cell, round }) => probeOf(cell, round, call))

/** The probe of an id, if it is one of the account group's. */
export function probeNamed(id: string, call: Call): Probe | undefined {
  const [, text] = /^\d{5}:[\da-f]{12}:(\d{9,11}):[\da-f]{8}$/.exec(id) ?? []
  const round = Number(text)
  if (text === undefined || round * 1000 > call.now) return undefined
  return probedTargets(call)
    .filter((probed) => hadRound(probed, intervalSeconds, round))
    .map((probed) => probeOf(probed, round, call))
    .find((probe) => probe.id === id)
}

/** From 100 down, by what is lost and how long it takes (the scale is ours). */
export const scoreOf = ({ ping }: Probe): number =>
  Math.max(0, Math.round(100 - ping.loss - ping.avgRtt / 10 - ping.meanDevRtt))
