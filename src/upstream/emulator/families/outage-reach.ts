/** Whom and what an outage hits: tests of the account group and their agents, and places of the provider. */
import type { Call } from '../call.ts'
import { objectOf, objectsOf } from '../json.ts'
import type { Draw } from '../measurements/draw.ts'
import type { Entry } from '../state.ts'
import type { Outage } from './provider-outages.ts'
import { agentsOf, measured, targetsOf } from './test-measured.ts'

/** A test with those of its agents that the outage is in the way of. */
export interface HitTest {
  readonly test: Entry
  readonly agents: readonly Entry[]
  /** The names that it measures against. */
  readonly hosts: readonly string[]
}

const isBelow = (host: string, domain: string): boolean => host === domain || host.endsWith(`.${domain}`)

/** An outage of a network hits agents that are in it, one of an application whoever measures against its domains. */
function hitAgents({ asn, domains }: Outage, test: Entry, { state }: Call): readonly Entry[] {
  const agents = agentsOf(test, state)
  if (asn !== undefined)
    return agents.filter(({ fields }) => objectOf(fields['networkProviderInfo'])['asn'] === asn)
  const hosts = targetsOf(test, state).map(({ host }) => host)
  return domains.some((domain) => hosts.some((host) => isBelow(host, domain))) ? agents : []
}

function ranDuring(test: Entry, { endAt }: Outage, call: Call): boolean {
  const { schedule } = measured(test, call)
  return schedule.kind === 'repeated' && schedule.first * 1000 <= (endAt ?? call.now)
}

export const testsHitBy = (outage: Outage, call: Call): readonly HitTest[] =>
  call.state
    .all('tests')
    .filter((test) => test.aid === call.aid && ranDuring(test, outage, call))
    .flatMap((test) => {
      const agents = hitAgents(outage, test, call)
      if (agents.length === 0) return []
      return [{ test, agents, hosts: targetsOf(test, call.state).map(({ host }) => host) }]
    })

/** A place of the provider, and how many of its interfaces or servers are affected there. */
export interface HitPlace {
  readonly location: string
  readonly count: number
  readonly draw: Draw
}

const mostAtOnePlace = 4

/** At least one place. */
export function placesHitBy({ provider, draw }: Outage): readonly HitPlace[] {
  const places = objectsOf(provider.fields['locations'])
  const always = draw.whole('place', [0, places.length - 1])
  return places.flatMap(({ location, interfacesCount }, index) => {
    const own = draw.of(index)
    if (index !== always && own.fraction('hit') < 0.6) return []
    const most = Math.max(1, Math.min(mostAtOnePlace, Number(interfacesCount)))
    return [{ location: String(location), count: own.whole('count', [1, most]), draw: own }]
  })
}
