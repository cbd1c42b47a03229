/** `panoptes coverage`: every operation of v7, how it is emulated, and by which file. Asks no service. */
import { parseArgs } from 'node:util'
import { type CoverageRow, coverage as coverageOfV7 } from '#upstream/emulator/coverage.ts'
import { SettingsError } from '../settings.ts'
import type { CommandLineParts } from './command-line.ts'

function isForPrograms(args: readonly string[]): boolean {
  try {
    return parseArgs({ args: [...args], options: { json: { type: 'boolean' } } }).values.json === true
  } catch (error) {
    throw new SettingsError(`${(error as Error).message.split('.')[0]}; allowed is --json`)
  }
}

const counted = (rows: readonly CoverageRow[]): string =>
  (['generic', 'synthetic', 'bespoke', 'none'] as const)
    .map((how) => `${rows.filter((row) => row.how === how).length} ${how}`)
    .join(', ')

function tableOf(rows: readonly CoverageRow[]): readonly string[] {
  const width = Math.max(...rows.map(({ path }) => path.length))
  return rows.map(
    ({ method, path, how, file }) =>
      `${method.padEnd(6)} ${path.padEnd(width)}  ${how.padEnd(9)}  ${file ?? '501'}`,
  )
}

/** @returns the exit code @throws SettingsError for anything but --json */
export async function coverage(args: readonly string[], { print }: CommandLineParts): Promise<number> {
  const isJson = isForPrograms(args)
  const rows = await coverageOfV7()
  if (isJson) {
    print(JSON.stringify(rows))
    return 0
  }
  const [documented, more] = [rows.filter((row) => row.documented), rows.filter((row) => !row.documented)]
  print(
    [
      ...tableOf(rows),
      '',
      `${documented.length} operations of the official document: ${counted(documented)}`,
      `${more.length} that are called beside it: ${counted(more)}`,
    ].join('\n'),
  )
  return 0
}
