import { describe, expect, test } from 'vitest'
import type { Rule } from './import-rules.ts'
import { codeOf, readSources, type Source, tokensOf } from './source.ts'
import {
  environmentIsReadOnce,
  filesAreShort,
  namesHaveNoRank,
  nothingAsksForEmulator,
  nothingIsMocked,
  timeChanceAndNetworkAreArguments,
  titlesAreFacts,
} from './text-rules.ts'

const source = readSources('src/**/*.ts')
const views = readSources('views/**/*.*')
const scripts = readSources('scripts/**/*.ts')
const tests = readSources('test/**/*.ts')
const support = tests.filter(({ path }) => !path.endsWith('.test.ts'))

describe('the text of the project', () => {
  test.each<[string, Rule, readonly Source[]]>([
    ['files are short', filesAreShort, [...source, ...views, ...scripts, ...support]],
    ['time, chance and network are arguments', timeChanceAndNetworkAreArguments, source],
    ['the environment is read in one place', environmentIsReadOnce, source],
    ['names have no rank', namesHaveNoRank, [...source, ...views, ...scripts, ...tests]],
    ['nothing is mocked', nothingIsMocked, tests],
    ['test titles are facts', titlesAreFacts, tests],
    ['nothing asks for the emulator', nothingAsksForEmulator, [...source, ...views]],
  ])('%s', (_, rule, sources) => {
    expect(sources.length).toBeGreaterThan(3)
    expect(rule(sources)).toEqual([])
  })

  test.each([...source, ...scripts, ...tests])('$path is read to its end', ({ text }) => {
    expect(
      tokensOf(text)
        .map((token) => token.text)
        .join(''),
    ).toBe(text)
  })
})

describe('the text rules bite', () => {
  test.each<[string, Rule, string]>([
    ['the system clock', timeChanceAndNetworkAreArguments, 'const at = Date.now()'],
    ['a date of now', timeChanceAndNetworkAreArguments, 'const at = new Date()'],
    ['a date of now without brackets', timeChanceAndNetworkAreArguments, 'const at = new Date'],
    ['a date text of now', timeChanceAndNetworkAreArguments, 'const at = Date()'],
    [
      'the origin of the stopwatch',
      timeChanceAndNetworkAreArguments,
      'const at = performance.timeOrigin + performance.now()',
    ],
    ['weak chance', timeChanceAndNetworkAreArguments, 'const chance = Math.random()'],
    ['strong chance', timeChanceAndNetworkAreArguments, "import { randomBytes } from 'node:crypto'"],
    ['a random id', timeChanceAndNetworkAreArguments, 'const id = crypto.randomUUID()'],
    ['web chance', timeChanceAndNetworkAreArguments, 'crypto.getRandomValues(bytes)'],
    ['the network', timeChanceAndNetworkAreArguments, 'const answer = await fetch(url)'],
    ['the network by its global', timeChanceAndNetworkAreArguments, 'const get = globalThis.fetch'],
    ['chance in a template', timeChanceAndNetworkAreArguments, 'const id = `id-${`${Math.random()}`}`'],
    ['the environment', environmentIsReadOnce, "const port = process.env['PORT']"],
    ['the environment by a computed name', environmentIsReadOnce, "const port = process['env'].PORT"],
    ['the environment by import', environmentIsReadOnce, "import { env } from 'node:process'"],
    ['a rank in an export', namesHaveNoRank, 'export class TokenManager {}'],
    ['a rank in plural', namesHaveNoRank, 'export const dateUtils = {}'],
    ['a rank in a function', namesHaveNoRank, 'export async function errorHandler() {}'],
    ['a rank in a type', namesHaveNoRank, 'export interface UserInfo {}'],
    ['a rank in a list', namesHaveNoRank, 'export { a, b as seedData }'],
    ['a module mock', nothingIsMocked, "vi.mock('#store/store.ts')"],
    ['a faked clock', nothingIsMocked, 'vi.useFakeTimers()'],
    ['a wish as title', titlesAreFacts, "test('should answer', () => {})"],
    ['a wish as title of it', titlesAreFacts, 'it("should answer", () => {})'],
    ['a wish within a title', titlesAreFacts, "test.concurrent('a code should work once', () => {})"],
    ['a wish as title of a group', titlesAreFacts, 'describe(`should answer`, () => {})'],
    ['a wish as title of a table', titlesAreFacts, "test.each([1, (2)])('should add %s', () => {})"],
    ['a question for the emulator', nothingAsksForEmulator, 'if (emulator) seed()'],
    ['a question for its kind', nothingAsksForEmulator, "if (open(settings).kind === 'emulator') seed()"],
    ['a question by ternary', nothingAsksForEmulator, 'const limit = emulator ? 1 : 2'],
    ['a question by and', nothingAsksForEmulator, 'settings.emulator && seed()'],
    ['a question by comparison', nothingAsksForEmulator, "const limit = Number(kind === 'emulator')"],
    ['a question by case', nothingAsksForEmulator, "switch (kind) { case 'emulator': seed() }"],
    ['a question by name', nothingAsksForEmulator, 'export const isEmulator = true'],
    ['a long file', filesAreShort, 'const a = 1\n'.repeat(251)],
  ])('on %s', (_, rule, text) => {
    expect(rule([{ path: 'src/gateway/bearer.ts', text }])).not.toEqual([])
  })

  test.each(['src/http/token-helpers.ts', 'src/http/info.ts', 'src/http/retryHandler.ts', 'views/data.eta'])(
    'on the file name %s',
    (path) => {
      expect(namesHaveNoRank([{ path, text: '' }])).toHaveLength(1)
    },
  )

  test('on a question for the emulator in a view', () => {
    expect(nothingAsksForEmulator([{ path: 'views/a.eta', text: '<% if (it.emulator) { %>' }])).not.toEqual(
      [],
    )
  })
})

describe('the text rules let pass', () => {
  const rules = [
    environmentIsReadOnce,
    filesAreShort,
    namesHaveNoRank,
    nothingAsksForEmulator,
    nothingIsMocked,
    timeChanceAndNetworkAreArguments,
    titlesAreFacts,
  ]
  test.each([
    ['a stopwatch', 'const startedAt = performance.now()'],
    ['chance that is an argument', 'const tokenOf = (randomBytes: RandomBytes) => randomBytes(32)'],
    ['a clock that is an argument', 'const at = clock.now(); const day = new Date(at).toISOString()'],
    ['a date as a type', 'const parse = (at: Date): Date => new Date(at.getTime())'],
    ['a fetch of an argument', 'const answer = await network.fetch(url)'],
    ['words in a comment', '// Date.now() and Math.random() stay out; if (emulator) never\nconst a = 1'],
    ['words in a string', "const text = 'Date.now() process.env'"],
    ['words in a regular expression', 'const pattern = /process.env|[/"]Date.now()/'],
    ['a division between strings', "const half = total / 2; const text = 'a'; const third = total / 3"],
    [
      'rank words inside others',
      'export const metadata = 1; export const userinfo = 2; export type Database = 3',
    ],
    ['a local name with a rank', 'const data = 1'],
    ['an optional emulator', 'export interface Parts { emulator?: Upstream }'],
    ['an import of the emulator', "import { emulator } from '#upstream/emulator/engine.ts'"],
    ['a should that is no title', "expect(text).toContain('you should know')"],
    ['a file of exactly the limit', 'const a = 1\n'.repeat(250)],
  ])('%s', (_, text) => {
    const innocent = { path: 'src/gateway/bearer.ts', text }
    expect(rules.flatMap((rule) => rule([innocent]))).toEqual([])
  })

  test.each(['src/main.ts', 'src/compose.ts', 'src/compose-store.ts', 'src/domain/clock.ts'])(
    'the system clock in %s',
    (path) => {
      expect(timeChanceAndNetworkAreArguments([{ path, text: 'Date.now()' }])).toEqual([])
    },
  )

  test('the environment in the settings', () => {
    expect(environmentIsReadOnce([{ path: 'src/settings.ts', text: 'process.env' }])).toEqual([])
  })
})

describe('reading source', () => {
  test.each([
    ['comments', "a // 'b'\nc /* d\n*/ e", 'a c e'],
    ['strings with escapes', String.raw`a('b\'c', "d\\") e`, 'a( , ) e'],
    ['templates in templates', 'a(`b${c(`d${e}f`)}g`) h', 'a( c( e ) ) h'],
    ['braces in templates', 'a(`b${{ c: {} }}d`) e', 'a( { c: {} } ) e'],
    ['regular expressions', "a = /['/]\\/`/g; b / c / d", 'a = ; b / c / d'],
  ])('keeps the code and drops %s', (_, text, code) => {
    expect(codeOf({ path: 'a.ts', text }).replace(/\s+/g, ' ')).toBe(code)
  })

  test('keeps lines at their numbers', () => {
    const text = 'a /* b\n c */ d\n`e\n${f}`'
    expect(codeOf({ path: 'a.ts', text }).split('\n')).toHaveLength(4)
  })
})
