/** Rules on what files say and how long they are; like the import rules, each returns its violations. */
import { isAt, type Rule } from './import-rules.ts'
import { codeAndStringsOf, codeOf, type Source, tokensOf } from './source.ts'

const lineLimit = 250

const lineAt = (text: string, index: number): number => text.slice(0, index).split('\n').length

function findings(path: string, text: string, patterns: readonly RegExp[]): readonly string[] {
  return patterns.flatMap((pattern) =>
    [...text.matchAll(new RegExp(pattern, 'g'))].map(
      ({ 0: found, index }) => `${path}:${lineAt(text, index)}: ${found.replace(/\s+/g, ' ').trim()}`,
    ),
  )
}

/** Length is a symptom: a file over the limit holds two nouns. */
export const filesAreShort: Rule = (sources) =>
  sources
    .map(({ path, text }) => ({ path, lines: text.trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > lineLimit)
    .map(({ path, lines }) => `${path} has ${lines} lines, ${lineLimit} are the limit`)

/** Time, chance and network are arguments (DECISIONS 12); these files make them. */
const compositionRoot = [
  'src/main.ts',
  'src/compose*.ts',
  'src/settings.ts',
  'src/domain/clock.ts',
  'src/testing.ts',
]

const impurities = [
  /\bDate\s*\.\s*now\b/,
  /\bnew\s+Date\s*(?:\(\s*\)|(?![\s(\w]))/,
  /(?<!new\s)(?<![.\w])Date\s*\(/,
  // performance.now measures how long something took, which no virtual clock can say; with its origin it is a clock.
  /\btimeOrigin\b/,
  /\bMath\s*\.\s*random\b/,
  /\b(?:web)?crypto\s*\.\s*(?:random[A-Z]\w*|getRandomValues|webcrypto)\b/,
  /(?<![.\w])fetch\s*\(/,
  /\bglobalThis\s*\.\s*fetch\b/,
]

/** An argument may bear these names; what Node itself offers under them is imported at the root alone. */
const chanceByImport = /\bimport\s*\{[^}]*\brandom[A-Z]\w*[^}]*\}\s*from\s*['"](?:node:)?crypto['"]/

export const timeChanceAndNetworkAreArguments: Rule = (sources) =>
  sources
    .filter(({ path }) => isAt(path, 'src') && !compositionRoot.some((place) => isAt(path, place)))
    .flatMap((source) => [
      ...findings(source.path, codeOf(source), impurities),
      ...findings(source.path, codeAndStringsOf(source), [chanceByImport]),
    ])

export const environmentIsReadOnce: Rule = (sources) =>
  sources
    .filter(({ path }) => isAt(path, 'src') && path !== 'src/settings.ts')
    .flatMap((source) =>
      findings(source.path, codeOf(source), [/\bprocess\s*(?:\.\s*env\b|\[)/, /\benv\b.*\bfrom\s+$/m]),
    )

const ranks = ['manager', 'service', 'helper', 'util', 'handler', 'impl', 'data', 'info']
const isRank = (word: string): boolean => ranks.includes(word.toLowerCase().replace(/s$/, ''))

const wordsOf = (name: string): readonly string[] => name.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g) ?? []

const exportedNames = (source: Source): readonly string[] => {
  const code = codeOf(source)
  const declared = code.matchAll(
    /\bexport\s+(?:declare\s+|async\s+|abstract\s+)*(?:const|let|var|function\s*\*?|class|interface|type|enum)\s+([\w$]+)/g,
  )
  const listed = [...code.matchAll(/\bexport\s+(?:type\s*)?\{([^}]*)\}/g)].flatMap(([, names = '']) =>
    names.split(','),
  )
  return [
    ...[...declared].map(([, name = '']) => name),
    ...listed.map((name) => name.split(/\bas\b/).at(-1) ?? ''),
  ]
}

/** Names are nouns of the domain, without rank (style guide §2.13). */
export const namesHaveNoRank: Rule = (sources) =>
  sources.flatMap((source) => {
    const { path } = source
    const fileName = (path.split('/').at(-1) ?? '').replace(/\.\w+$/, '')
    return [
      ...(wordsOf(fileName).some(isRank) ? [`${path} has a rank in its name`] : []),
      ...exportedNames(source)
        .filter((name) => wordsOf(name).some(isRank))
        .map((name) => `${path} exports ${name.trim()}, a name with a rank`),
    ]
  })

/** Real adapters and arguments instead: a patched module or clock proves nothing about the program. */
export const nothingIsMocked: Rule = (sources) =>
  sources.flatMap((source) =>
    findings(source.path, codeOf(source), [
      /\bvi(?:test)?\s*\.\s*(?:mock|doMock|importActual|importMock|useFakeTimers|setSystemTime|stubGlobal|stubEnv)\b/,
    ]),
  )

/** A title is a fact in the present tense. */
export const titlesAreFacts: Rule = (sources) =>
  sources.flatMap(({ path, text }) => {
    const tokens = tokensOf(text).filter(({ kind }) => kind === 'code' || kind === 'string')
    return tokens
      .filter(
        (token, at) =>
          token.kind === 'string' &&
          /\bshould\b/i.test(token.text) &&
          tokens[at - 1]?.text === '(' &&
          // After `each(...)` the call stands behind a bracket, after `each` with a template behind its end.
          /^(?:test|it|describe|only|skip|todo|fails|concurrent|sequential|\))$|`$/.test(
            tokens[at - 2]?.text ?? '',
          ),
      )
      .map((token) => `${path}: ${token.text}`)
  })

/** The emulator is a composition of adapters, never a mode: nothing asks whether it runs. */
export const nothingAsksForEmulator: Rule = (sources) =>
  sources.flatMap((source) =>
    findings(source.path, source.path.endsWith('.ts') ? codeAndStringsOf(source) : source.text, [
      /\b(?:if|while|switch)\s*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*emulator/i,
      /\b(?:is|in|as)Emulat(?:or|ed|ing)\b/,
      /emulator\w*['"]?\s*\)?\s*(?:\?(?![.?:])|&&|\|\||[=!]==?)/i,
      /[=!]==?\s*['"]?\w*emulator/i,
      /\bcase\s+['"]emulator/i,
    ]),
  )
