/**
 * `npm run test:faults`: set-up, then every scenario of the fault suite at its full length, some 40 minutes. Whatever follows `--` goes to
 * vitest: a path, or `-t R13`. A scenario whose tool is not on this machine says so in one line and is skipped.
 */
import { setUp, thisMachine } from './set-up.ts'
import { run } from './test-checks.ts'

const advice = await setUp(thisMachine())
if (advice !== undefined) {
  console.error(advice)
  process.exit(1)
}
process.exitCode =
  (await run({
    title: 'Faults',
    npmPackage: 'vitest',
    parameters: ['run', '--config', 'vitest.faults.config.ts', '--allowOnly=false', ...process.argv.slice(2)],
    limitMinutes: 180,
  })) ?? 1
