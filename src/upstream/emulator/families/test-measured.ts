import type { Call } from '../call.ts'
import { objectsOf, textOf, textsOf } from '../json.ts'
import type { Incident } from '../measurements/incidents.ts'
import type { MeasuredTest } from '../measurements/measurements.ts'
import { covering, during, type RoundSpan, roundOf, type Schedule } from '../measurements/schedule.ts'
import { type Target, targetOfPrefix, targetOfServer, targetOfUrl } from '../measurements/target.ts'
import type { Entry, Objects } from '../state.ts'
import { snapshotFacts } from './snapshot-facts.ts'
import { bgpInterval, scheduleOf } from './test-schedule.ts'

/** A snapshot shows only what it was made of. */
function shownOf(test: Entry, schedule: Schedule): Schedule {
  const snapshot = snapshotFacts(test)
  return snapshot ? covering(schedule, snapshot.span) : schedule
}

/** A stored test as measurements see it; a snapshot is its source. */
export function measured(test: Entry, { region }: Pick<Call, 'region'>): MeasuredTest {
  const schedule = scheduleOf(test)
  return {
    key: `${region} ${snapshotFacts(test)?.sourceTestId ?? test.id}`,
    type: textOf(test.fields['type']) ?? '',
    schedule,
    shown: shownOf(test, schedule),
  }
}

/** The BGP measurements of a test, which have rounds of their own, from the one on that its own first round falls into. */
export function measuredRoutes(test: Entry, call: Pick<Call, 'region'>): MeasuredTest {
  const facts = measured(test, call)
  const schedule = facts.schedule.map((run, index) => {
    if (run.interval === 0) return run
    return { ...run, interval: bgpInterval, from: index === 0 ? roundOf(run.from, bgpInterval) : run.from }
  })
  return { ...facts, schedule, shown: shownOf(test, schedule) }
}

/** The monitors that watch the test's prefix: those that it names, and with `usePublicBgp` all public ones. */
export function monitorsOf({ fields }: Entry, state: Objects): readonly Entry[] {
  const named = new Set(textsOf(fields['monitors']))
  return state
    .all('monitors')
    .filter(
      ({ id, fields: { monitorType } }) =>
        named.has(id) || (fields['usePublicBgp'] !== false && monitorType === 'public'),
    )
}

/** What measured for the test when an incident began: its agents that were on, or its monitors. */
export const sourcesAt = (test: Entry, { start }: Incident, state: Objects): readonly Entry[] =>
  test.fields['type'] === 'bgp'
    ? monitorsOf(test, state)
    : onDuring(agentsNamed(test, state), { from: start, to: start })

/** The agents that the test names, in its own order. */
export const agentsNamed = (test: Entry, state: Objects): readonly Entry[] =>
  objectsOf(test.fields['agents']).flatMap((one) => state.find('agents', textOf(one['agentId']) ?? '') ?? [])

/** The agents that the test runs on; an agent that is switched off measures nothing. */
export const agentsOf = (test: Entry, state: Objects): readonly Entry[] =>
  agentsNamed(test, state).filter(({ fields }) => fields['enabled'] !== false)

/** Those of the agents that were switched on at some time of a span. */
export const onDuring = (agents: readonly Entry[], span: RoundSpan): readonly Entry[] =>
  agents.filter((agent) => during(scheduleOf(agent), span).length > 0)

/** The address of an agent that others see. */
export const publicAddressOf = ({ fields }: Entry): string =>
  textsOf(fields['publicIpAddresses'])[0] ?? textsOf(fields['ipAddresses'])[0] ?? '192.0.2.1'

function agentTarget(agent: Entry, port: number): Target {
  const ipAddress = publicAddressOf(agent)
  return { ...targetOfServer(`${ipAddress}:${port}`), ipAddress }
}

const usualPort = 49_153

/** Where DNS names and SIP registrars stand in tests that have neither a server nor a URL. */
function namedTarget({ fields }: Entry): Target {
  const [sip] = objectsOf([fields['targetSipCredentials'] ?? null])
  const domain = textOf(fields['domain'])?.split(' ')[0]
  return targetOfServer(textOf(sip?.['sipRegistrar']) ?? domain ?? 'target.example')
}

function serverTarget(test: Entry): Target {
  const { port } = test.fields
  const url = textOf(test.fields['url'])
  if (url !== undefined) return targetOfUrl(url)
  const name = textOf(test.fields['server'])
  if (name === undefined) return namedTarget(test)
  return targetOfServer(name.includes(':') || !port ? name : `${name}:${port}`)
}

/** What the test measures against: its prefix, its target agent, its DNS servers, or its server or URL. */
export function targetsOf(test: Entry, state: Objects): readonly Target[] {
  const { fields } = test
  if (fields['type'] === 'bgp') return [targetOfPrefix(textOf(fields['prefix']) ?? '')]
  const target = state.find('agents', textOf(fields['targetAgentId']) ?? '')
  if (target) return [agentTarget(target, Number(fields['port'] ?? usualPort))]
  const names = objectsOf(fields['dnsServers']).flatMap((one) => textOf(one['serverName']) ?? [])
  return names.length > 0 ? names.map(targetOfServer) : [serverTarget(test)]
}
