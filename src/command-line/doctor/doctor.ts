/**
 * Doctor: looks at what a start and its clients need, and says what to do where it is missing. Changes nothing. Each check is a
 * function of the settings and of what the machine answers; this file has their order.
 */
import type { BrokerSettings, CommonSettings, Settings } from '../../settings.ts'
import { originOf } from '../../sockets.ts'
import type { CommandLineParts } from '../command-line.ts'
import { checkExposed, checkRegions, checkSealingKeys } from './broker.ts'
import { checkClock } from './clock.ts'
import { checkIntegrations, checkSeed } from './configuration.ts'
import type { Check, Machine } from './examination.ts'
import { type Finding, findingsOn, messageOf } from './finding.ts'
import { checkHostNames } from './host-names.ts'
import { thisMachine } from './machine.ts'
import { neighbourOf } from './neighbour.ts'
import { checkPorts } from './ports.ts'
import { checkRedirectUris } from './redirect-uris.ts'
import { checkSingleSignOn } from './single-sign-on.ts'
import { checkStorage } from './storage.ts'
import { checkTls } from './tls.ts'

const neededNode = 24

const checksOfEmulator: readonly Check<Settings>[] = [
  checkSeed,
  checkIntegrations,
  checkRedirectUris,
  checkPorts,
  checkStorage,
  checkTls,
  checkHostNames,
  checkSingleSignOn,
  checkClock,
]

const checksOfBroker: readonly Check<BrokerSettings>[] = [
  checkExposed,
  checkIntegrations,
  checkRedirectUris,
  checkPorts,
  checkStorage,
  checkSealingKeys,
  checkRegions,
  checkHostNames,
  checkSingleSignOn,
  checkClock,
]

function nodeFinding({ nodeVersion }: Machine): Finding {
  const on = findingsOn('Node')
  return Number.parseInt(nodeVersion, 10) >= neededNode
    ? on.ok(nodeVersion)
    : on.fail(`found ${nodeVersion}; allowed is ${neededNode} or newer`)
}

/** @param settingsOf reads the settings @returns what every check found; those of wrong settings are left out */
async function examineBy<Own extends CommonSettings>(
  checks: readonly Check<Own>[],
  settingsOf: () => Own,
  machine: Machine,
): Promise<readonly Finding[]> {
  const on = findingsOn('configuration')
  let settings: Own
  try {
    settings = settingsOf()
  } catch (error) {
    return [nodeFinding(machine), on.fail(messageOf(error))]
  }
  const origin = originOf(settings, settings.port)
  const neighbour = await neighbourOf(settings, origin, machine)
  const examination = { settings, machine, origin, neighbour }
  const found = await Promise.all(checks.map((check) => check(examination)))
  return [nodeFinding(machine), on.ok('options, environment and file can be read'), ...found.flat()]
}

/** For a start of the emulator. */
export const examine = (settingsOf: () => Settings, machine: Machine): Promise<readonly Finding[]> =>
  examineBy(checksOfEmulator, settingsOf, machine)

/** For a start of a broker. */
export const examineBroker = (
  settingsOf: () => BrokerSettings,
  machine: Machine,
): Promise<readonly Finding[]> => examineBy(checksOfBroker, settingsOf, machine)

const words: Readonly<Record<Finding['verdict'], string>> = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' }

/** The findings, one line each and one to sum up; or one line of JSON for programs. */
export function report(findings: readonly Finding[], json: boolean): string {
  const count = (verdict: Finding['verdict']): number =>
    findings.filter((finding) => finding.verdict === verdict).length
  if (json) return JSON.stringify({ ok: count('fail') === 0, findings })
  return [
    ...findings.map(({ about, verdict, words: said }) => `${words[verdict]} ${about}: ${said}`),
    `${count('ok')} ok, ${count('warn')} warn, ${count('fail')} FAIL`,
  ].join('\n')
}

/** `panoptes doctor`, or `panoptes doctor serve` for a broker. @returns the exit code: 1 when anything is a FAIL, else 0 */
export async function doctor(
  [first, ...rest]: readonly string[],
  { surroundings, settingsOf, brokerSettingsOf, print }: CommandLineParts,
): Promise<number> {
  const { clock, randomBytes } = surroundings
  const machine = thisMachine({ now: clock.now, randomBytes })
  const isNamed = first === 'serve' || first === 'emulate'
  const options = isNamed || first === undefined ? rest : [first, ...rest]
  const findings =
    first === 'serve'
      ? await examineBroker(() => brokerSettingsOf(options), machine)
      : await examine(() => settingsOf(options), machine)
  print(report(findings, options.includes('--json')))
  return findings.some(({ verdict }) => verdict === 'fail') ? 1 : 0
}
