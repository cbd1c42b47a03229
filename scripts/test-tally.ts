/** How many checks passed, failed and were skipped: the last line that `npm test` prints. */
export interface Tally {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** The part of vitest's JSON report that counts. */
export interface TestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly {
    readonly status: string
    readonly assertionResults: readonly { readonly status: string }[]
  }[]
}

/** A check that is no vitest test counts as one. */
export const tallyOfCheck = (ok: boolean): Tally => ({ passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 })

/**
 * Counts a run of vitest, and never takes silence for success: a file that failed to load, a failing hook, an error outside
 * of every test, a run without tests and a run without report each count as one failure.
 * @param report vitest's JSON report; undefined when it wrote none
 * @param exitCode of vitest; null when it was killed
 */
export function tallyOfTests(report: TestReport | undefined, exitCode: number | null): Tally {
  if (!report) return { passed: 0, failed: 1, skipped: 0 }
  const failedAsWhole = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length
  const passed = report.numPassedTests
  const failed = report.numFailedTests + failedAsWhole
  const unexplained = failed === 0 && (exitCode !== 0 || passed === 0) ? 1 : 0
  return { passed, failed: failed + unexplained, skipped: report.numPendingTests + report.numTodoTests }
}

export const sumOf = (tallies: readonly Tally[]): Tally =>
  tallies.reduce(
    (sum, tally) => ({
      passed: sum.passed + tally.passed,
      failed: sum.failed + tally.failed,
      skipped: sum.skipped + tally.skipped,
    }),
    { passed: 0, failed: 0, skipped: 0 },
  )

/** @returns `N passed, N failed`, with `, N skipped` when there are any */
export const lineOf = ({ passed, failed, skipped }: Tally): string =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
