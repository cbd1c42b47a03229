/**
 * What the machine of an endpoint agent wrote down: it restarts once a day, roams between two access points, and tunnels when it
 * has a VPN. All of it is made up from the agent and the day; what was done to the agent here is told as it was done.
 */
import type { Answer, Answerers, Call } from '../call.ts'
import { named } from '../crud.ts'
import { type JsonObject, objectOf, objectsOf, present, textOf } from '../json.ts'
import { type Draw, drawOf } from '../measurements/draw.ts'
import { idInSlot } from '../measurements/slot-id.ts'
import { keptRange } from '../measurements/slots.ts'
import { askedPage, declaredPageLinks, sliceOf } from '../paging.ts'
import { isV7Refusal, notFound, type V7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { isWithin, type TimeRange, timeRangeOf } from '../time-range.ts'
import { stateChangesOf, wasDisabled } from './endpoint-agent-states.ts'
import { endpointAgent } from './endpoint-agents.ts'

interface LogItem {
  readonly id: string
  /** Epoch ms. */
  readonly at: number
  readonly type: 'wifi' | 'vpn' | 'online-offline' | 'state-changes'
  readonly fields: JsonObject
}

const dayMs = 86_400_000
const usualPage = 1_000

/** Seconds of the day at which something happened. */
type Happening = readonly [seconds: number, type: LogItem['type'], fields: JsonObject]

interface AccessPoint {
  readonly bssid: string
  readonly channel: string
  readonly physicalMode: string
}

/** Where the machine roams to and comes back from: another access point of the same network. */
const neighbourOf = (home: AccessPoint, draw: Draw): AccessPoint => ({
  bssid: home.bssid.replace(/..$/, draw.hex('access point', 2)),
  channel: String(36 + 4 * draw.whole('channel', [1, 6])),
  physicalMode: '802.11ac',
})

const roamed = (ssid: string, from: AccessPoint, to: AccessPoint): JsonObject => ({
  logItemType: 'wifi-change',
  ssid,
  ...to,
  bssidFrom: from.bssid,
  channelFrom: from.channel,
  physicalModeFrom: from.physicalMode,
})

function wireless(
  agent: Entry,
  day: Draw,
  restart: { readonly off: number; readonly on: number },
): readonly Happening[] {
  const { ssid, bssid, channel, phyMode } = objectOf(objectOf(agent.fields['network'])['wirelessProfile'])
  const name = textOf(ssid)
  if (name === undefined) return []
  const home = { bssid: String(bssid), channel: String(channel), physicalMode: String(phyMode) }
  const away = neighbourOf(home, drawOf(`neighbour of ${home.bssid}`))
  const walks = Array.from({ length: day.whole('walks', [0, 2]) }, (_, index) => 40_000 + 9_000 * index)
  const failed: Happening = [
    restart.on + 2,
    'wifi',
    { logItemType: 'wifi-connection-failure', ssid: name, failure: { type: 'dhcp', code: 4 } },
  ]
  return [
    [restart.off, 'wifi', { logItemType: 'wifi-disconnect', ssid: name, ...home }],
    ...(day.fraction('failure') < 0.15 ? [failed] : []),
    [restart.on + 5, 'wifi', { logItemType: 'wifi-connect', ssid: name, ...home }],
    ...walks.flatMap((at, index): Happening[] => {
      const gone = at + day.whole(`walk ${index}`, [0, 3_000])
      return [
        [gone, 'wifi', roamed(name, home, away)],
        [gone + day.whole(`stay ${index}`, [300, 3_600]), 'wifi', roamed(name, away, home)],
      ]
    }),
  ]
}

function tunnel(agent: Entry, restart: { readonly off: number; readonly on: number }): readonly Happening[] {
  const [vpn] = objectsOf(agent.fields['vpnProfiles'])
  if (!vpn) return []
  const fields = present({ vpnType: vpn['vpnType'], vpnServerAddress: vpn['vpnGatewayAddress'] })
  return [
    [restart.off - 1, 'vpn', { logItemType: 'vpn-disconnect', ...fields }],
    [restart.on + 40, 'vpn', { logItemType: 'vpn-connect', ...fields }],
  ]
}

/** @param day days since 1970 */
function itemsOfDay(agent: Entry, key: string, day: number): readonly LogItem[] {
  const draw = drawOf(`${key} day ${day}`)
  const off = draw.whole('restart', [21_000, 32_000])
  const restart = { off, on: off + draw.whole('absence', [60, 900]) }
  const happenings: readonly Happening[] = [
    [restart.off + 1, 'online-offline', { logItemType: 'offline' }],
    [restart.on, 'online-offline', { logItemType: 'online' }],
    ...wireless(agent, draw, restart),
    ...tunnel(agent, restart),
  ]
  return happenings.map(([seconds, type, fields], index) => ({
    id: idInSlot(draw.of(index), day),
    at: day * dayMs + seconds * 1000,
    type,
    fields,
  }))
}

function changesOf(agent: Entry, key: string): readonly LogItem[] {
  const changes = stateChangesOf(agent).map(({ change, at }) => ({ change, at }))
  const createdAt = Date.parse(textOf(agent.fields['createdAt']) ?? '')
  return [{ change: 'enabled', at: createdAt }, ...changes].map(({ change, at }, index) => ({
    id: idInSlot(drawOf(`${key} change ${index}`), Math.floor(at / dayMs)),
    at,
    type: 'state-changes',
    fields: { logItemType: change },
  }))
}

const subObjects = {
  wifi: 'wifiLogItem',
  vpn: 'vpnLogItem',
  'online-offline': 'onlineOfflineLogItem',
  'state-changes': 'stateChangesLogItem',
} as const

const shown = ({ id, at, type, fields }: LogItem): JsonObject => ({
  id,
  agentLogItemType: type,
  timestampMs: at,
  [subObjects[type]]: fields,
})

/** The newest first. A machine writes nothing before it registered, and while its agent is disabled. */
function itemsOf(agent: Entry, { region }: Call, range: TimeRange): readonly LogItem[] {
  const key = `${region} endpoint agent ${agent.id} logs`
  const createdAt = Date.parse(textOf(agent.fields['createdAt']) ?? '') || 0
  const first = Math.floor(Math.max(range.startAt, createdAt) / dayMs)
  const days = Math.max(0, Math.floor(range.endAt / dayMs) - first + 1)
  const written = Array.from({ length: days }, (_, index) => itemsOfDay(agent, key, first + index))
    .flat()
    .filter(({ at }) => at >= createdAt && !wasDisabled(agent, at))
  return [...written, ...changesOf(agent, key)]
    .filter(({ at }) => isWithin(range, at))
    .toSorted((a, b) => b.at - a.at)
}

/** What is asked for, as far as it is kept; without a range all that is kept (ours). */
function keptPart(range: TimeRange | undefined, now: number): TimeRange {
  const kept = keptRange(now)
  if (!range) return kept
  return { startAt: Math.max(range.startAt, kept.startAt), endAt: Math.min(range.endAt, kept.endAt) }
}

function logs(call: Call): Answer | V7Refusal {
  const agent = named(endpointAgent, call)
  if (!agent) return notFound
  const asked = askedPage(call, usualPage)
  if (isV7Refusal(asked)) return asked
  const range = timeRangeOf(call, asked.asOf)
  if (range && isV7Refusal(range)) return range
  const { rows, left } = sliceOf(asked, itemsOf(agent, call, keptPart(range, asked.asOf)))
  return {
    status: 200,
    varies: true,
    body: { logs: rows.map(shown), _links: declaredPageLinks(call, asked, left) },
  }
}

/** `GET /endpoint/agents/{agentId}/logs`. */
export const endpointAgentLogs = (): Answerers => ({ getEndpointAgentLogItems: logs })
