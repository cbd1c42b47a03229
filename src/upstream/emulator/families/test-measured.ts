import type { Call } from '../call.ts'
import { objectsOf, textOf, textsOf } from '../json.ts'
import { type MeasuredTest, repeatedFrom, type Schedule } from '../measurements/measurements.ts'
import { type Target, targetOfPrefix, targetOfServer, targetOfUrl } from '../measurements/target.ts'
import type { Entry, Objects } from '../state.ts'

const usualInterval = 60

/** Seconds between rounds of BGP, which tests cannot choose: no source tells it, so that it is ours. */
const bgpInterval = 900

function scheduleOf({ fields }: Entry): Schedule {
  const at = (key: string): number => Date.parse(textOf(fields[key]) ?? '') || 0
  if (fields['instant'] === true) return { kind: 'once', at: Math.floor(at('modifiedDate') / 1000) }
  if (fields['enabled'] === false) return { kind: 'never' }
  const interval = fields['type'] === 'bgp' ? bgpInterval : Number(fields['interval'] ?? usualInterval)
  return repeatedFrom(at('createdDate'), interval)
}

/** A stored test as measurements see it: an instant one ran once, a disabled one not at all. */
export const measured = (test: Entry, { region }: Pick<Call, 'region'>): MeasuredTest => ({
  key: `${region} ${test.id}`,
  type: textOf(test.fields['type']) ?? '',
  schedule: scheduleOf(test),
})

/** The BGP measurements of a test, which have rounds of their own. */
export function measuredRoutes(test: Entry, call: Pick<Call, 'region'>): MeasuredTest {
  const facts = measured(test, call)
  const { schedule } = facts
  if (schedule.kind !== 'repeated') return facts
  return { ...facts, schedule: repeatedFrom(schedule.first * 1000, bgpInterval) }
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

/** What measures for the test: its agents, or its monitors. */
export const sourcesOf = (test: Entry, state: Objects): readonly Entry[] =>
  test.fields['type'] === 'bgp' ? monitorsOf(test, state) : agentsOf(test, state)

/** The agents that the test runs on, in its own order; an agent that is switched off measures nothing. */
export const agentsOf = (test: Entry, state: Objects): readonly Entry[] =>
  objectsOf(test.fields['agents'])
    .flatMap((one) => state.find('agents', textOf(one['agentId']) ?? '') ?? [])
    .filter(({ fields }) => fields['enabled'] !== false)

/** The address of an agent that others see. */
export const publicAddressOf = ({ fields }: Entry): string =>
  textsOf(fields['publicIpAddresses'])[0] ?? textsOf(fields['ipAddresses'])[0] ?? '192.0.2.1'

function agentTarget(agent: Entry, port: number): Target {
  const ipAddress = publicAddressOf(agent)
  return { ...targetOfServer(`${ipAddress}:${port}`), ipAddress }
}

const usualPort = 49_153

/** What the test measures against: its DNS servers, its target agent, or its server or URL. */
export function targetsOf({ fields }: Entry, state: Objects): readonly Target[] {
  if (fields['type'] === 'bgp') return [targetOfPrefix(textOf(fields['prefix']) ?? '')]
  const port = Number(fields['port'] ?? usualPort)
  const target = state.find('agents', textOf(fields['targetAgentId']) ?? '')
  if (target) return [agentTarget(target, port)]
  const names = objectsOf(fields['dnsServers']).flatMap((one) => textOf(one['serverName']) ?? [])
  if (names.length > 0) return names.map(targetOfServer)
  const url = textOf(fields['url'])
  if (url !== undefined) return [targetOfUrl(url)]
  const server = textOf(fields['server'])
  if (server !== undefined)
    return [targetOfServer(server.includes(':') || !fields['port'] ? server : `${server}:${port}`)]
  const [sip] = objectsOf([fields['targetSipCredentials'] ?? null])
  return [
    targetOfServer(
      textOf(sip?.['sipRegistrar']) ?? textOf(fields['domain'])?.split(' ')[0] ?? 'target.example',
    ),
  ]
}
