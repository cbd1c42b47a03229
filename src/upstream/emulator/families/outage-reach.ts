/** Whom and what an outage hits: tests of the account group and their agents, and places of the provider. */
import type { Call } from '../call.ts'
import { objectOf, objectsOf } from '../json.ts'
import type { Draw } from '../measurements/draw.ts'
import { during, type RoundSpan, type Schedule } from '../measurements/schedule.ts'
import type { Entry } from '../state.ts'
import type { Outage } from './provider-outages.ts'
import { agentsEver, measured, onDuring, type Source, targetsOf } from './test-measured.ts'

/** A test of the account group that runs or ran again and again, with what is looked at for each outage. */
interface RunningTest {
  readonly test: Entry
  readonly schedule: Schedule
  readonly sources: readonly Source[]
  /** The names that it measures against. */
  readonly hosts: readonly string[]
}

/** A test with those of its agents that the outage is in the way of. */
export type HitTest = Pick<RunningTest, 'test' | 'hosts'> & { readonly agents: readonly Entry[] }

export const runningTests = (call: Call): readonly RunningTest[] =>
  call.state.all('tests').flatMap((test) => {
    const schedule = measured(test, call).schedule.filter(({ interval }) => interval > 0)
    if (test.aid !== call.aid || schedule.length === 0) return []
    const hosts = targetsOf(test, call.state).map(({ host }) => host)
    return [{ test, schedule, sources: agentsEver(test, call.state), hosts }]
  })

const isBelow = (host: string, domain: string): boolean => host === domain || host.endsWith(`.${domain}`)

/** An outage of a network hits agents that are in it, one of an application whoever measures against its domains. */
function hitAgents({ asn, domains }: Outage, { sources, hosts }: RunningTest): readonly Source[] {
  if (asn !== undefined)
    return sources.filter(({ entry }) => objectOf(entry.fields['networkProviderInfo'])['asn'] === asn)
  return domains.some((domain) => hosts.some((host) => isBelow(host, domain))) ? sources : []
}

const spanOf = ({ startAt, endAt }: Outage, now: number): RoundSpan => ({
  from: Math.floor(startAt / 1000),
  to: Math.floor((endAt ?? now) / 1000),
})

/** @param now epoch ms: how far an outage reaches that goes on */
export const testsHitBy = (outage: Outage, tests: readonly RunningTest[], now: number): readonly HitTest[] =>
  tests
    .filter(({ schedule }) => during(schedule, spanOf(outage, now)).length > 0)
    .map((running) => ({
      test: running.test,
      hosts: running.hosts,
      agents: onDuring(hitAgents(outage, running), spanOf(outage, now)),
    }))
    .filter(({ agents }) => agents.length > 0)

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
