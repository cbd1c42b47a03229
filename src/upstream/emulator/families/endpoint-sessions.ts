/**
 * Sessions of real users: visits to the sites of a monitoring profile, made up from the agent, the profile and the round. In every
 * quarter of an hour a machine has one; it is told of when the quarter is over. Nothing of it is kept: an id leads back to its
 * session by the time that it holds.
 */
import type { Call } from '../call.ts'
import { isOwn } from '../crud.ts'
import { type JsonObject, objectOf, textsOf } from '../json.ts'
import { type Draw, drawOf } from '../measurements/draw.ts'
import { type NetworkNumbers, networkNumbers } from '../measurements/network.ts'
import { roundOf } from '../measurements/schedule.ts'
import { shortId } from '../measurements/short-id.ts'
import { type Target, targetOfUrl } from '../measurements/target.ts'
import type { Entry } from '../state.ts'
import type { TimeRange } from '../time-range.ts'
import { endpointAgentsEverOwn, hasLabel, hasTag } from './endpoint-agent-relations.ts'
import { type Grid, mapped } from './endpoint-grid.ts'
import { hadRound, type MachineCell, machineOn, machineRounds } from './endpoint-machine-rounds.ts'

const intervalSeconds = 900

/** An agent as one profile monitors it. */
export interface MonitoredAgent extends MachineCell {
  readonly profile: Entry
}

export interface Session extends MonitoredAgent {
  readonly id: string
  /** Epoch seconds. */
  readonly round: number
  readonly startedAt: number
  /** As the profile names it, and the host below it that was visited. */
  readonly domain: string
  readonly site: string
  readonly trigger: 'user' | 'auto'
  readonly target: Target
  readonly numberOfPages: number
  /** Of the agent and the site, and of this session. */
  readonly pair: Draw
  readonly draw: Draw
}

/** The five digits in front of the ids of an agent's machine. */
export const shardOf = ({ id }: Entry): string =>
  String(drawOf(`shard ${id}`).whole('number', [0, 9_999])).padStart(5, '0')

function isMonitored(agent: Entry, { fields }: Entry, { state }: Call): boolean {
  const settings = objectOf(fields['monitoringSettings'])
  switch (settings['monitoringSettingsType']) {
    case 'specific-agents':
      return textsOf(settings['agentIds']).includes(agent.id)
    case 'agent-tags':
      return hasTag(agent, textsOf(settings['tagIds']), state)
    case 'agent-labels':
      return hasLabel(agent, textsOf(settings['labelIds']), state)
    default:
      return true
  }
}

/** The agents of the account group that are monitored, or were while they were on, by profile. */
export function monitoredAgents(call: Call): readonly MonitoredAgent[] {
  const profiles = call.state.all('endpoint-real-user-tests').filter((profile) => isOwn(profile, call))
  return endpointAgentsEverOwn(call).flatMap((agent) => {
    const on = machineOn(agent)
    if (on.length === 0) return []
    return profiles
      .filter((profile) => isMonitored(agent, profile, call))
      .map((profile) => ({ agent, on, profile }))
  })
}

const hosts = ['www', 'app', 'wiki', 'mail', 'portal']

/** A host below one of the domains of the profile that it does not exclude. */
function siteOf({ fields }: Entry, draw: Draw): { readonly domain: string; readonly site: string } {
  const domains = textsOf(fields['includedDomains'])
  const excluded = textsOf(fields['excludedDomains'])
  const domain = domains[draw.whole('domain', [0, Math.max(0, domains.length - 1)])] ?? 'site.example'
  const sites = hosts.map((host) => `${host}.${domain}`).filter((site) => !excluded.includes(site))
  return { domain, site: sites[draw.whole('site', [0, sites.length - 1])] ?? domain }
}

/** The session of a monitored agent in a round. */
export function sessionOf(
  monitored: MonitoredAgent,
  round: number,
  { region }: Pick<Call, 'region'>,
): Session {
  const { agent, profile } = monitored
  const own = drawOf(`${region} sessions ${agent.id} ${profile.id}`)
  const draw = own.of(round)
  const startedAt = round + 60 * draw.whole('minute', [0, 12])
  const { domain, site } = siteOf(profile, draw)
  return {
    ...monitored,
    id: `${shardOf(agent)}:${startedAt}:${shortId(draw, 'session')}`,
    round,
    startedAt,
    domain,
    site,
    trigger: draw.fraction('trigger') < 0.85 ? 'user' : 'auto',
    target: targetOfUrl(`https://${site}`),
    numberOfPages: draw.whole('pages', [1, 4]),
    pair: own.of(site),
    draw,
  }
}

/** What the network was like on the way to the site. */
export const networkOfSession = ({ pair, draw }: Session): NetworkNumbers => networkNumbers(pair, draw, false)

const browsers = ['Chrome', 'Edge'] as const

export const browserOf = ({ agent }: Session): JsonObject => ({
  name: browsers[agent.id.charCodeAt(agent.id.length - 1) % browsers.length] ?? browsers[0],
  version: '131.0.0.0',
})

/** A round is told of when it is over. */
const newestOver = (asOf: number): number => asOf - intervalSeconds * 1000

/** The sessions of the range, the newest first. */
export const sessionsOf = (
  monitored: readonly MonitoredAgent[],
  call: Call,
  { range, asOf }: { readonly range: TimeRange | undefined; readonly asOf: number },
): Grid<Session> =>
  mapped(machineRounds(monitored, intervalSeconds, { range, asOf: newestOver(asOf) }), ({ cell, round }) =>
    sessionOf(cell, round, call),
  )

/** The session of an id, if it is one of the account group's. */
export function sessionNamed(id: string, call: Call): Session | undefined {
  const [, startedAt] = /^\d{5}:(\d{9,11}):[A-Za-z\d]{8}$/.exec(id) ?? []
  if (startedAt === undefined) return undefined
  const round = roundOf(Number(startedAt), intervalSeconds)
  if (round * 1000 > newestOver(call.now)) return undefined
  return monitoredAgents(call)
    .filter((monitored) => hadRound(monitored, intervalSeconds, round))
    .map((monitored) => sessionOf(monitored, round, call))
    .find((session) => session.id === id)
}
