import { existsSync, globSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { table } from './import-table.ts'

const lineLimits: Readonly<Record<string, number>> = { 'README.md': 150, 'ARCHITECTURE.md': 200 }

/** They describe what is; decisions and changes describe what was. */
const present = ['ARCHITECTURE.md', 'CONTRIBUTING.md', 'README.md', 'SECURITY.md']

const textOf = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '')

/** Paths of the repository in backticks: `src/domain`, `test/support/clock.ts`, `src/compose*.ts`; a trailing slash is fine. */
const pathsIn = (text: string): readonly string[] =>
  [...text.matchAll(/`((?:src|test|config|views|scripts|bin|\.ci)\/[\w./*-]*)`/g)].map(
    ([, path = '']) => path,
  )

const exists = (path: string): boolean => existsSync(path) || globSync(path).length > 0

/** Files that tell strangers how to use, change, judge and trust the project. */
const expected = [
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'DECISIONS.md',
  'LICENSE',
  'NOTICE',
  'README.md',
  'SECURITY.md',
]

describe('documents', () => {
  test.each(expected)('%s is there', (path) => {
    expect(textOf(path).trim()).not.toBe('')
  })

  test.each(present)('%s names paths that exist', (path) => {
    expect(pathsIn(textOf(path)).filter((named) => !exists(named))).toEqual([])
  })

  test.each(Object.entries(lineLimits))('%s has at most %i lines', (path, limit) => {
    expect(textOf(path).trimEnd().split('\n').length).toBeLessThanOrEqual(limit)
  })

  test('ARCHITECTURE.md names many paths, and every row of the import table', () => {
    const named = pathsIn(textOf('ARCHITECTURE.md')).map((path) => path.replace(/\/$/, ''))
    expect(named.length).toBeGreaterThan(10)
    expect(table.map(({ place }) => place).filter((place) => !named.includes(place))).toEqual([])
  })

  test('README.md gives the one test command, and says who we are not', () => {
    expect(textOf('README.md')).toContain('npm ci && npm test')
    expect(readFileSync('.ci/run', 'utf8')).toContain('npm ci && npm test')
    expect(textOf('README.md')).toMatch(/not affiliated with[^.]*Cisco/)
  })

  test('what the documents’ own commands leave in a clone, keys among it, stays out of git', () => {
    const left = [
      'broker.yaml',
      'broker.keys',
      '/panoptes-data/',
      '/data/',
      '/cluster/',
      '/emulated-thousandeyes/',
    ]
    expect(left.filter((path) => !textOf('.gitignore').split('\n').includes(path))).toEqual([])
  })

  test('README.md says that the container files were only parsed', () => {
    expect(textOf('README.md') + textOf('CONTRIBUTING.md')).toMatch(/only (?:been )?parsed/)
  })
})

describe('reading documents', () => {
  test('finds each path that is named', () => {
    expect(
      pathsIn('See `src/domain/` and `test/a.ts`, `src/compose*.ts`; not `npm test` or src/plain.'),
    ).toEqual(['src/domain/', 'test/a.ts', 'src/compose*.ts'])
  })

  test.each(['src/absent.ts', 'src/absent*.ts'])('misses %s', (path) => {
    expect(exists(path)).toBe(false)
  })
})
