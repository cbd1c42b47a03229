import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/** A violation of each rule that we count on: what a file holds, and where. */
const violations: readonly (readonly [rule: string, path: string, text: string])[] = [
  ['noDefaultExport', 'src/default.ts', 'const a = 1\nexport default a\n'],
  ['noBarrelFile', 'src/barrel.ts', "export { a } from './a.ts'\nexport { b } from './b.ts'\n"],
  ['noReExportAll', 'src/all.ts', "export * from './a.ts'\n"],
  [
    'noImportCycles',
    'src/ring-a.ts',
    "import { b } from './ring-b.ts'\nexport const a = (): number => b() + 1\n",
  ],
  [
    'noImportCycles',
    'src/ring-b.ts',
    "import { a } from './ring-a.ts'\nexport const b = (): number => a() + 1\n",
  ],
  ['useFilenamingConvention', 'src/camelCase.ts', 'export const a = 1\n'],
  [
    'noUndeclaredDependencies',
    'src/undeclared.ts',
    "import leftPad from 'left-pad'\nexport const a: unknown = leftPad\n",
  ],
  ['noProcessEnv', 'src/environment.ts', 'export const home: string | undefined = process.env.HOME\n'],
  ['noProcessEnv', 'src/main.ts', 'export const home: string | undefined = process.env.HOME\n'],
  ['noProcessEnv', 'scripts/environment.ts', 'export const home: string | undefined = process.env.HOME\n'],
  ['noConsole', 'src/spoken.ts', "export const speak = (): void => console.log('a')\n"],
  ['noConsole', 'test/spoken.test.ts', "console.log('a')\n"],
  [
    'noParameterAssign',
    'src/assigned.ts',
    'export function add(a: number): number {\n  a += 1\n  return a\n}\n',
  ],
  [
    'useMaxParams',
    'src/parameters.ts',
    'export const sum = (a: number, b: number, c: number, d: number): number => a + b + c + d\n',
  ],
  [
    'noExcessiveLinesPerFunction',
    'src/long.ts',
    `export function long(): number {\n  let a = 0\n${'  a += 1\n'.repeat(60)}  return a\n}\n`,
  ],
  [
    'noExcessiveCognitiveComplexity',
    'src/complex.ts',
    `export function complex(a: number): number {\n${'  if (a > 1 || a < 0) return 1\n'.repeat(7)}  return a\n}\n`,
  ],
  [
    'noNestedTernary',
    'src/ternary.ts',
    'export const a = (b: number): number => (b > 1 ? 1 : b > 0 ? 2 : 3)\n',
  ],
  ['noFloatingPromises', 'src/floating.ts', 'export function a(): void {\n  Promise.resolve(1)\n}\n'],
  [
    'noMisusedPromises',
    'src/misused.ts',
    'const yes = async (): Promise<boolean> => true\nexport const a = (): number => {\n  if (yes()) return 1\n  return 2\n}\n',
  ],
  [
    'useExhaustiveSwitchCases',
    'src/switch.ts',
    "type Kind = 'a' | 'b'\nexport function of(kind: Kind): number {\n  switch (kind) {\n    case 'a':\n      return 1\n  }\n  return 0\n}\n",
  ],
  [
    'useAwaitThenable',
    'src/awaited.ts',
    'export const a = async (): Promise<number> => {\n  await 1\n  return 1\n}\n',
  ],
  ['noExplicitAny', 'src/any.ts', 'export const a = (b: any): string => String(b)\n'],
  ['noNonNullAssertion', 'src/non-null.ts', 'export const a = (b?: string): string => b!\n'],
  ['noTsIgnore', 'src/ignored.ts', '// @ts-ignore\nexport const a: number = 1\n'],
  ['useImportType', 'src/typed.ts', "import { A } from './a.ts'\nexport const a = (b: A): A => b\n"],
  [
    'useNodejsImportProtocol',
    'src/protocol.ts',
    "import { join } from 'path'\nexport const a: string = join('b', 'c')\n",
  ],
  ['useThrowOnlyError', 'src/thrown.ts', "export function a(): never {\n  throw 'b'\n}\n"],
  ['useErrorMessage', 'src/silent.ts', 'export function a(): never {\n  throw new Error()\n}\n'],
  ['noUnusedVariables', 'src/unused.ts', 'const a = 1\nexport const b = 2\n'],
  ['noUnusedImports', 'src/unused-import.ts', "import { join } from 'node:path'\nexport const b = 2\n"],
  ['noUnusedFunctionParameters', 'src/unused-parameter.ts', 'export const a = (b: number): number => 1\n'],
  [
    'noUselessElse',
    'src/else.ts',
    'export function a(b: boolean): number {\n  if (b) return 1\n  else return 2\n}\n',
  ],
  ['noFocusedTests', 'test/focused.test.ts', "import { test } from 'vitest'\ntest.only('a', () => {})\n"],
  ['noSkippedTests', 'test/skipped.test.ts', "import { test } from 'vitest'\ntest.skip('a', () => {})\n"],
  [
    'noExportsInTest',
    'test/exported.test.ts',
    "import { test } from 'vitest'\nexport const a = 1\ntest('a', () => {})\n",
  ],
]

/** What stays allowed, and where alone. */
const innocents: readonly (readonly [what: string, path: string, text: string])[] = [
  [
    'the environment in the settings',
    'src/settings.ts',
    'export const home: string | undefined = process.env.HOME\n',
  ],
  ['console in a script', 'scripts/spoken.ts', "export const speak = (): void => console.log('a')\n"],
  ['console in the JavaScript entry', 'bin/entry.js', "console.error('a')\n"],
  ['a default export in vitest.config.ts', 'vitest.config.ts', 'const a = {}\n\nexport default a\n'],
  [
    'index access by name',
    'src/named.ts',
    "export const a = (b: Record<string, string>): string | undefined => b['c']\n",
  ],
]

/** biome.json is judged in a project of its own, so that seeds never lie in ours. */
const project = mkdtempSync(join(tmpdir(), 'panoptes-lint-'))
const found = new Map<string, Set<string>>()

interface Report {
  readonly diagnostics: readonly { readonly category: string; readonly location: { readonly path: string } }[]
}

beforeAll(() => {
  for (const name of ['biome.json', 'package.json', '.gitignore']) copyFileSync(name, join(project, name))
  symlinkSync(resolve('node_modules'), join(project, 'node_modules'))
  for (const [, path, text] of [...violations, ...innocents]) {
    mkdirSync(dirname(join(project, path)), { recursive: true })
    writeFileSync(join(project, path), text)
  }
  const biome = resolve('node_modules/@biomejs/biome/bin/biome')
  const { stdout } = spawnSync(
    process.execPath,
    [biome, 'lint', '--error-on-warnings', '--max-diagnostics=none', '--reporter=json'],
    { cwd: project, encoding: 'utf8', timeout: 60_000 },
  )
  for (const { category, location } of (JSON.parse(stdout) as Report).diagnostics) {
    const rules = found.get(location.path) ?? new Set()
    found.set(location.path, rules.add(category.split('/').at(-1) ?? ''))
  }
})

afterAll(() => rmSync(project, { recursive: true, force: true }))

describe('biome.json', () => {
  test.each(violations)('%s bites in %s', (rule, path) => {
    expect([...(found.get(path) ?? [])]).toContain(rule)
  })

  test.each(innocents)('lets pass %s', (_, path) => {
    expect([...(found.get(path) ?? [])]).toEqual([])
  })
})
