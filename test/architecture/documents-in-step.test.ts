import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { describe, expect, onTestFinished, test } from 'vitest'
import { coverage } from '#upstream/emulator/coverage.ts'
import { readSettings } from '../../src/settings.ts'
import { table } from './import-table.ts'
import { readSources } from './source.ts'

const textOf = (path: string): string => readFileSync(path, 'utf8')

/** Cells of each line of a Markdown table, without its head. */
const cellsOf = (text: string): readonly (readonly string[])[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))

const inBackticks = (text: string): readonly string[] =>
  [...text.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)

type Permissions = ReadonlyMap<string, ReadonlySet<string>>

/** The first row of a place counts, as in the rules. */
const tabled: Permissions = new Map(
  [...table].reverse().map(({ place, mayImport }) => [place, new Set(mayImport)] as const),
)

function documentedPermissions(): Permissions {
  const [, section = ''] = textOf('ARCHITECTURE.md').split('## Import rules\n')
  const [rules = ''] = section.split('\n## ')
  const named = (cell: string): readonly string[] => inBackticks(cell).map((path) => path.replace(/\/$/, ''))
  return new Map(
    cellsOf(rules).flatMap(([, places = '', allowed = '']) =>
      named(places).map(
        (place) =>
          [place, new Set([...named(allowed), ...(/\bports\b/.test(allowed) ? ['ports'] : [])])] as const,
      ),
    ),
  )
}

/** What a reader of settings allows, in its own words, as it says when it is given something else. */
function allowedBy(read: () => unknown): readonly string[] {
  try {
    read()
  } catch (error) {
    return (error as Error).message.split('allowed are ')[1]?.split(/,? /) ?? []
  }
  return []
}

function allowedInFile(content: string): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'panoptes-settings-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'settings.yaml')
  writeFileSync(path, content)
  return allowedBy(() => readSettings(['--config', path], {}))
}

interface Decision {
  readonly number: number
  readonly lines: readonly string[]
}

const decisions: readonly Decision[] = textOf('DECISIONS.md')
  .split(/^## /m)
  .slice(1)
  .map((text) => ({ number: Number.parseInt(text, 10), lines: text.trim().split('\n') }))

describe('ARCHITECTURE.md', () => {
  test('has the import table of the rules', () => {
    expect(Object.fromEntries(documentedPermissions())).toEqual(Object.fromEntries(tabled))
  })
})

describe('README.md', () => {
  test('has a row for each option of the command line, and no other', () => {
    const [, section = ''] = textOf('README.md').split('## Options\n')
    const [options = ''] = section.split('\n## ')
    const documented = cellsOf(options).map(([, option = '']) => inBackticks(option)[0]?.split(' ')[0])
    const allowed = allowedBy(() => readSettings(['--no-such-option'], {}))
    expect(documented.toSorted()).toEqual(allowed.toSorted())
  })

  test('says how many operations of v7 are emulated: all of them', async () => {
    const rows = await coverage()
    expect(rows.filter(({ how }) => how === 'none')).toEqual([])
    const documented = rows.filter((row) => row.documented).length
    expect(textOf('README.md')).toContain(`All ${documented} operations of the document`)
  })
})

describe('config/emulator.yaml', () => {
  const text = textOf('config/emulator.yaml')

  test('shows every setting', () => {
    const shown = text.split('\n').map((line) => /^(?:# )?(\w+):/.exec(line)?.[1])
    expect(allowedInFile('noSuchSetting: 1').filter((key) => !shown.includes(key))).toEqual([])
  })

  test.each(['spans', 'signIn'])('shows every setting of the block %s', (block) => {
    const shown = (load(text) as Readonly<Record<string, object>>)[block] ?? {}
    expect(Object.keys(shown).toSorted()).toEqual(allowedInFile(`${block}: { noSuchKey: 1s }`).toSorted())
  })
})

describe('DECISIONS.md', () => {
  test('numbers its decisions one by one', () => {
    expect(decisions.map(({ number }) => number)).toEqual(decisions.map((_, index) => index + 1))
  })

  test.each(decisions)('decision $number has a date, its four parts, and at most 12 lines', ({ lines }) => {
    expect(lines.length).toBeLessThanOrEqual(12)
    expect(lines[0]).toMatch(/^\d+\. .+ \(\d{4}-\d\d-\d\d\)$/)
    const parts = lines.flatMap((line) => /^\*\*(\w+)\.\*\*/.exec(line)?.[1] ?? [])
    expect(parts).toEqual(['Context', 'Decision', 'Alternatives', 'Consequence'])
  })

  test('has every decision that is cited', () => {
    const cited = ['{src,test,scripts,bin,config}/**/*.{ts,js,yaml}', '*.md']
      .flatMap(readSources)
      .flatMap(({ path, text }) =>
        [...text.matchAll(/\bDECISIONS\b(?![./]| n\b)[: ]*([\w]+)?/g)].map(([, number]) => ({
          path,
          number,
        })),
      )
      .filter(({ path }) => !path.startsWith('test/architecture/documents'))
    expect(cited.length).toBeGreaterThan(10)
    expect(cited.filter(({ number }) => !decisions.some((one) => String(one.number) === number))).toEqual([])
  })
})
