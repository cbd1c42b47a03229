/**
 * Doctor: looks at what a start and its clients need, and says what to do where it is missing. Changes nothing. Each check is a
 * function of the settings and of what the machine answers; this file has their order.
 */
import type { Settings } from '../../settings.ts'
import { originOf } from '../../sockets.ts'
import type { CommandLineParts } from '../command-line.ts'
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

const checks: readonly Check[] = [
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

function nodeFinding({ nodeVersion }: Machine): Finding {
  const on = findingsOn('Node')
  return Number.parseInt(nodeVersion, 10) >= neededNode
    ? on.ok(nodeVersion)
    : on.fail(`found ${nodeVersion}; allowed is ${neededNode} or newer`)
}

/** @param settingsOf reads the settings @returns what every check found; those of wrong settings are left out */
export async function examine(settingsOf: () => Settings, machine: Machine): Promise<readonly Finding[]> {
  const on = findingsOn('configuration')
  let settings: Settings
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

/** `panoptes doctor`. @returns the exit code: 1 when anything is a FAIL, else 0 */
export async function doctor(
  options: readonly string[],
  { surroundings, settingsOf, print }: CommandLineParts,
): Promise<number> {
  const { clock, randomBytes } = surroundings
  const findings = await examine(() => settingsOf(options), thisMachine({ now: clock.now, randomBytes }))
  print(report(findings, options.includes('--json')))
  return findings.some(({ verdict }) => verdict === 'fail') ? 1 : 0
}
