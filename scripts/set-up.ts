/**
 * Set-up: what the tests need besides npm packages: a Chromium, a Redis, and curl for the guide. On Debian as root what is missing is installed,
 * and what makes faults of the disk and the clock; elsewhere one line says what to install.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { chromiumPath } from '../test/support/browser.ts'

/** Debian packages; each brings a program of its own name. */
const needed = ['chromium', 'redis-server', 'curl'] as const

/** Small ones that some scenarios of test/faults need: without them those say so and are skipped. */
const useful = ['fiu-utils', 'faketime'] as const

/** Programs that do as well, or that a package of another name brings. */
const others: Readonly<Record<string, readonly string[]>> = {
  'redis-server': ['valkey-server'],
  'fiu-utils': ['fiu-run'],
}

const attempts = 3
const attemptMinutes = 10

/** The machine that the tests run on, as far as set-up cares. */
export interface Machine {
  isInstalled(program: string): boolean
  /** Undefined where we may not or cannot install. Tries so many times. */
  readonly install: ((programs: readonly string[], attempts: number) => Promise<void>) | undefined
}

/**
 * Installs what is missing where it can.
 * @returns undefined when all is there, else the one line that says what to install
 */
export async function setUp(machine: Machine): Promise<string | undefined> {
  const missing = (programs: readonly string[]): readonly string[] =>
    programs.filter((program) => !machine.isInstalled(program))
  const install = async (programs: readonly string[], times: number): Promise<void> => {
    if (missing(programs).length > 0) await machine.install?.(missing(programs), times)
  }
  await install(needed, attempts)
  await install(useful, 1)
  const still = missing(needed)
  return still.length === 0
    ? undefined
    : `The tests need ${still.join(' and ')}: install ${still.length > 1 ? 'them' : 'it'} and run this again (on Debian as root: apt-get install ${still.join(' ')}).`
}

/** Debian itself: derivatives have no Chromium of that name, or a stub. */
function isDebian(): boolean {
  try {
    return /^ID="?debian"?$/m.test(readFileSync('/etc/os-release', 'utf8'))
  } catch {
    return false
  }
}

/** Runs apt-get so that it asks nothing, whatever it finds. @returns whether it succeeded */
function aptGet(parameters: readonly string[]): boolean {
  const options = ['-qq', '-y', '-o', 'Acquire::Retries=3', '-o', 'DPkg::Lock::Timeout=120']
  const command = ['DEBIAN_FRONTEND=noninteractive', 'apt-get', ...options, ...parameters]
  const { status } = spawnSync('env', command, {
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: attemptMinutes * 60_000,
  })
  return status === 0
}

async function installDebianPackages(packages: readonly string[], times: number): Promise<void> {
  console.log(`Installing ${packages.join(' and ')} ...`)
  for (let attempt = 1; attempt <= times; attempt += 1) {
    if (aptGet(['update']) && aptGet(['install', '--no-install-recommends', ...packages])) return
    if (attempt < times) await wait(attempt * 5_000)
  }
}

const isOnPath = (program: string): boolean =>
  spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program]).status === 0

/** What the tests themselves look for is what counts: another build of Chromium, or Valkey, will do as well. */
function isInstalled(program: string): boolean {
  if (program !== 'chromium') return [program, ...(others[program] ?? [])].some(isOnPath)
  try {
    return chromiumPath() !== ''
  } catch {
    return false
  }
}

export const thisMachine = (): Machine => ({
  isInstalled,
  install: process.getuid?.() === 0 && isDebian() ? installDebianPackages : undefined,
})
