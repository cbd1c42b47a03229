import { describe, expect, test } from 'vitest'
import { lineOf, sumOf, type TestReport, tallyOfCheck, tallyOfTests } from '../../scripts/test-tally.ts'

const file = (status: string, ...tests: readonly string[]): TestReport['testResults'][number] => ({
  status,
  assertionResults: tests.map((outcome) => ({ status: outcome })),
})

const report = (change: Partial<TestReport>): TestReport => ({
  numPassedTests: 0,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [],
  ...change,
})

describe('the last line of npm test', () => {
  test.each([
    ['a run in which all tests passed', report({ numPassedTests: 2 }), 0, '2 passed, 0 failed'],
    [
      'a failed test',
      report({ numPassedTests: 1, numFailedTests: 1, testResults: [file('failed', 'passed', 'failed')] }),
      1,
      '1 passed, 1 failed',
    ],
    [
      'skipped and planned tests',
      report({ numPassedTests: 1, numPendingTests: 2, numTodoTests: 1 }),
      0,
      '1 passed, 0 failed, 3 skipped',
    ],
    [
      'a file that does not load, beside a failed test',
      report({ numFailedTests: 1, testResults: [file('failed', 'failed'), file('failed')] }),
      1,
      '0 passed, 2 failed',
    ],
    [
      'a failed hook, whose tests are reported as skipped',
      report({ numPassedTests: 1, numPendingTests: 1, testResults: [file('failed', 'skipped')] }),
      1,
      '1 passed, 1 failed, 1 skipped',
    ],
    ['an error outside of every test', report({ numPassedTests: 2 }), 1, '2 passed, 1 failed'],
    ['a run that was killed after its report', report({ numPassedTests: 2 }), null, '2 passed, 1 failed'],
    ['a run without tests', report({}), 0, '0 passed, 1 failed'],
    ['a run of skipped tests only', report({ numPendingTests: 3 }), 0, '0 passed, 1 failed, 3 skipped'],
    ['a run without report', undefined, 0, '0 passed, 1 failed'],
  ] as const)('counts %s', (_, given, exitCode, line) => {
    expect(lineOf(tallyOfTests(given, exitCode))).toBe(line)
  })

  test('counts each static check as one', () => {
    expect(lineOf(sumOf([tallyOfCheck(true), tallyOfCheck(false), tallyOfCheck(true)]))).toBe(
      '2 passed, 1 failed',
    )
  })
})
