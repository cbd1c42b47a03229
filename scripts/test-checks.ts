/** The checks behind `npm test`, in the order in which they run. Each is a program of an npm package, run by this very Node. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

export interface Check {
  readonly title: string
  readonly npmPackage: string
  readonly parameters: readonly string[]
  /** It is ended after so long, and has failed. */
  readonly limitMinutes: number
}

/** Checks that read the sources and run none of them. */
export const staticChecks: readonly Check[] = [
  {
    title: 'Formatting and lint',
    npmPackage: '@biomejs/biome',
    parameters: ['check', '--error-on-warnings'],
    limitMinutes: 5,
  },
  { title: 'Types', npmPackage: 'typescript', parameters: [], limitMinutes: 5 },
  {
    title: 'Unused files, exports and dependencies',
    npmPackage: 'knip',
    parameters: ['--no-progress', '--treat-config-hints-as-errors'],
    limitMinutes: 5,
  },
]

/**
 * @param filters paths and vitest options given on the command line; none means all tests
 * @param reportFile where vitest leaves its JSON report
 */
export const testsCheck = (filters: readonly string[], reportFile: string): Check => ({
  title: 'Tests',
  npmPackage: 'vitest',
  parameters: [
    'run',
    '--allowOnly=false',
    ...(process.stdout.isTTY ? [] : ['--no-color']),
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${reportFile}`,
    ...filters,
  ],
  limitMinutes: 60,
})

/** @returns the script that the package installs as its command */
function commandOf(npmPackage: string): string {
  const folder = join(root, 'node_modules', npmPackage)
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    readonly bin: string | Readonly<Record<string, string>>
  }
  const command = typeof bin === 'string' ? bin : Object.values(bin)[0]
  if (command === undefined) throw new Error(`${npmPackage} installs no command`)
  return join(folder, command)
}

/** Runs one check with its output on ours. @returns its exit code, or null when it was killed or could not start */
export function run({ title, npmPackage, parameters, limitMinutes }: Check): Promise<number | null> {
  console.log(`\n── ${title}`)
  const child = spawn(process.execPath, [commandOf(npmPackage), ...parameters], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: limitMinutes * 60_000,
  })
  return new Promise((resolve) => {
    child.once('error', (error) => {
      console.error(error.message)
      resolve(null)
    })
    child.once('close', (code, signal) => {
      if (signal) console.error(`${title}: ended by ${signal} (the limit is ${limitMinutes} minutes)`)
      resolve(code)
    })
  })
}
