import type { Answer, Answerers, Call } from '../call.ts'
import { type JsonObject, present, textOf } from '../json.ts'
import { coveredPrefixes, prefixIdOf, type RouteNumbers, routeNumbers } from '../measurements/bgp.ts'
import { incidentAt } from '../measurements/incidents.ts'
import { hasRound, intervalAt, type MeasuredTest } from '../measurements/measurements.ts'
import { enterprise, type Network, parseNetwork } from '../measurements/networks.ts'
import { meanwhile, runAt, type Schedule } from '../measurements/schedule.ts'
import type { Target } from '../measurements/target.ts'
import { notFound, type V7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { wholeAnswer } from './result-kinds.ts'
import { appLink, hitBy, roundFrame } from './result-rows.ts'
import { roundsAnswer } from './rounds-answer.ts'
import { ever, whenever } from './stored-runs.ts'
import { testKindOf } from './test-kinds.ts'
import { measuredRoutes, monitorsEver, type Source, targetsEver, targetsOf } from './test-measured.ts'
import { testWithResults } from './test-reach.ts'

/** One monitor that watches one prefix of a test. */
interface Watched {
  readonly test: Entry
  readonly facts: MeasuredTest
  readonly monitor: Entry
  /** When it watched. */
  readonly on: Schedule
  /** All monitors of the test, some of which an incident hits. */
  readonly monitors: readonly Source[]
  readonly prefix: string
}

/** Tests that measure the network watch the prefix of their target as well, unless that is switched off. */
function watchingTest(call: Call): Entry | undefined {
  const test = testWithResults(call)
  const results = testKindOf(test?.fields['type'])?.results ?? []
  return results.includes('bgp') || results.includes('network') ? test : undefined
}

/** The prefixes of one of a test's targets: of its own what it covers too. */
function prefixesIn({ ipAddress, server }: Target, { fields }: Entry): readonly string[] {
  if (fields['type'] !== 'bgp') return [`${ipAddress.replace(/\.\d+$/, '.0')}/24`]
  return [server, ...(fields['includeCoveredPrefixes'] === true ? coveredPrefixes(server) : [])]
}

/** The prefixes that a test watches: its own with what it covers, or those that its targets are in. */
export const prefixesOf = (test: Entry, { state }: Pick<Call, 'state'>): readonly string[] => [
  ...new Set(targetsOf(test, state).flatMap((target) => prefixesIn(target, test))),
]

/** The same with those that it watched, and when. */
function prefixesEver(test: Entry, { state }: Pick<Call, 'state'>): ReadonlyMap<string, Schedule> {
  const all = targetsEver(test, state).flatMap(({ target, on }) =>
    prefixesIn(target, test).map((prefix) => ({ prefix, on })),
  )
  const grouped = Map.groupBy(all, ({ prefix }) => prefix)
  return new Map([...grouped].map(([prefix, ones]) => [prefix, whenever(ones.map(({ on }) => on))]))
}

export function watchesOf(test: Entry, call: Call): readonly Watched[] {
  const facts = measuredRoutes(test, call)
  const monitors = monitorsEver(test, call.state)
  return [...prefixesEver(test, call)].flatMap(([prefix, had]) =>
    monitors.map(({ entry: monitor, on: isOn }) => {
      const on = had === ever ? isOn : meanwhile(isOn, had)
      return { test, facts, monitor, on, monitors, prefix }
    }),
  )
}

const networkOf = ({ fields }: Entry): Network => parseNetwork(textOf(fields['network']) ?? '') ?? enterprise

/** What a monitor saw of a prefix in a round. */
export function routesIn({ facts, monitor, monitors, prefix }: Watched, round: number): RouteNumbers {
  return routeNumbers(
    { monitorId: monitor.id, network: networkOf(monitor), prefix },
    {
      round,
      before: round - intervalAt(facts, round),
      suffersAt(at) {
        const incident = incidentAt(facts, at)
        return incident?.kind === 'unreachable' && hitBy(incident, monitors).includes(monitor.id)
      },
    },
  )
}

/** How much of the test's own prefix a monitor reached in a round, in percent. */
export function reachabilityOf(
  test: Entry,
  { monitor, round, call }: { monitor: Entry; round: number; call: Call },
): number {
  const own = watchesOf(test, call).filter((one) => one.monitor.id === monitor.id)
  const watched = own.find(({ on }) => runAt(on, round)) ?? own[0]
  return watched ? routesIn(watched, round).reachability : 0
}

const routesPath = (prefix: string, round: number): string =>
  `bgp/routes/prefix/${prefixIdOf(prefix)}/round/${round}`

function frame({ test, facts, monitor, prefix }: Watched, round: number, call: Call): JsonObject {
  const { monitorName, countryId } = monitor.fields
  return {
    monitor: present({ monitorId: monitor.id, monitorName, countryId }),
    prefixId: prefixIdOf(prefix),
    prefix,
    ...roundFrame(facts, round),
    ...appLink(test, call, routesPath(prefix, round)),
  }
}

function show(watched: Watched, round: number, call: Call): JsonObject {
  const { updates, pathChanges, reachability } = routesIn(watched, round)
  return { ...frame(watched, round, call), updates, pathChanges, reachability }
}

/** The routes of one monitor: the one that it has, and that which it had in the round before if that was another one. */
function shownRoutes(watched: Watched, round: number, call: Call): readonly JsonObject[] {
  const { startTime: _, endTime: __, ...common } = frame(watched, round, call)
  const { active, superseded } = routesIn(watched, round)
  const shown = (route: readonly Network[], isActive: boolean): JsonObject => ({
    ...common,
    isActive,
    hops: route.map(({ asn, name }) => ({ asn, asName: name })),
  })
  return [shown(active, true), ...(superseded ? [shown(superseded, false)] : [])]
}

function routes(call: Call): Answer | V7Refusal {
  const { prefixId = '', roundId = '' } = call.parameters
  const test = watchingTest(call)
  const round = /^\d{1,12}$/.test(roundId) ? Number(roundId) : Number.NaN
  if (!test || !hasRound(measuredRoutes(test, call), round, call.now)) return notFound
  const watches = watchesOf(test, call).filter(
    ({ prefix, on }) => prefixIdOf(prefix) === prefixId && runAt(on, round),
  )
  if (watches.length === 0) return notFound
  return wholeAnswer(
    call,
    test,
    watches.flatMap((watched) => shownRoutes(watched, round, call)),
  )
}

/** `GET /test-results/{testId}/bgp`, and the routes of one prefix in one round. */
export const bgpResults = (): Answerers => ({
  getTestBgpResults(call) {
    const test = watchingTest(call)
    if (!test) return notFound
    const cells = watchesOf(test, call)
    return roundsAnswer(call, { test, facts: measuredRoutes(test, call), cells }, (watched, round) =>
      show(watched, round, call),
    )
  },
  getTestBgpRoutesPrefixRoundResults: routes,
})
