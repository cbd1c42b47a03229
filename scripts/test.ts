/**
 * `npm test`: set-up, static checks, all tests; the last line is `N passed, N failed`, where each static check counts as one.
 * `npm test -- test/flow` runs the tests under these paths alone; whatever follows `--` goes to vitest.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setUp, thisMachine } from './set-up.ts'
import { run, staticChecks, testsCheck } from './test-checks.ts'
import { lineOf, sumOf, type Tally, type TestReport, tallyOfCheck, tallyOfTests } from './test-tally.ts'

function readReport(file: string): TestReport | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as TestReport
  } catch {
    return undefined
  }
}

async function runTests(filters: readonly string[]): Promise<Tally> {
  const folder = mkdtempSync(join(tmpdir(), 'panoptes-test-'))
  try {
    const reportFile = join(folder, 'report.json')
    const exitCode = await run(testsCheck(filters, reportFile))
    return tallyOfTests(readReport(reportFile), exitCode)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function runAll(filters: readonly string[]): Promise<Tally> {
  const advice = await setUp(thisMachine())
  if (advice !== undefined) {
    console.error(advice)
    return tallyOfCheck(false)
  }
  const tallies: Tally[] = []
  const failures: string[] = []
  const wanted = filters.length > 0 ? [] : staticChecks
  if (filters.length > 0) console.log('Only the tests asked for: without the static checks.')
  for (const check of wanted) {
    const tally = tallyOfCheck((await run(check)) === 0)
    if (tally.failed > 0) failures.push(check.title)
    tallies.push(tally)
  }
  const tests = await runTests(filters)
  if (tests.failed > 0) failures.push('Tests')
  console.log(failures.length > 0 ? `\nFailed: ${failures.join('; ')}.` : '\nAll is well.')
  return sumOf([...tallies, tests])
}

const tally = await runAll(process.argv.slice(2))
console.log(lineOf(tally))
process.exitCode = tally.failed > 0 ? 1 : 0
