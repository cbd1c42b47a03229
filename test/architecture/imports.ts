/** What a file imports, in whatever form it says so, and where that leads. */
import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { type Source, type Token, tokensOf } from './source.ts'

/** Stands for an import whose target is computed, which no table can judge. */
export const computedImport = '(computed)'

const { imports } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly imports: Readonly<Record<string, string>>
}

/** `#domain/` and `src/domain/` for each alias of package.json, so that none can be forgotten here. */
export const aliases: readonly (readonly [from: string, to: string])[] = Object.entries(imports).map(
  ([from, to]) => [from.replace(/\*.*$/, ''), posix.normalize(to.replace(/\*.*$/, ''))] as const,
)

const unquoted = (text: string): string => text.slice(1, -1)

/** `import` or `export` up to its `from '...'`; an import may be its bare string. */
function staticTarget(tokens: readonly Token[], at: number): string | undefined {
  for (const [offset, token] of tokens.slice(at + 1).entries()) {
    if (token.kind === 'string') {
      const before = tokens[at + offset]
      return before?.text === 'from' || offset === 0 ? unquoted(token.text) : undefined
    }
    // Names, braces, commas and stars are all that may stand between the keyword and `from`.
    if (!/^[\w$,{}*]+$/.test(token.text)) return undefined
  }
  return undefined
}

/** `import(...)`, as a call or as a type, and `require(...)`. */
function calledTarget(tokens: readonly Token[], at: number): string {
  const [argument, end] = tokens.slice(at + 2, at + 4)
  const isWhole = argument?.kind === 'string' && (end?.text === ')' || end?.text === ',')
  return isWhole && !argument.text.endsWith('${') ? unquoted(argument.text) : computedImport
}

function targetAt(tokens: readonly Token[], at: number): string | undefined {
  const { kind, text } = tokens[at] ?? { kind: 'space', text: '' }
  if (kind !== 'code' || tokens[at - 1]?.text === '.') return undefined
  const isCall = tokens[at + 1]?.text === '('
  if ((text === 'import' || text === 'require') && isCall) return calledTarget(tokens, at)
  if (text === 'import') return staticTarget(tokens, at)
  // `export` reaches another file only as `export *`, `export {` or `export type {`.
  const next = tokens[at + 1]?.text === 'type' ? tokens[at + 2] : tokens[at + 1]
  return text === 'export' && (next?.text === '*' || next?.text === '{')
    ? staticTarget(tokens, at)
    : undefined
}

function resolve(from: string, specifier: string): string {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(from), specifier)
  const [prefix, folder] = aliases.find(([alias]) => specifier.startsWith(alias)) ?? ['', '']
  return `${folder}${specifier.slice(prefix.length)}`
}

/** @returns paths from the root for our own files, names for packages and built-in modules */
export function importsOf(source: Source): readonly string[] {
  const tokens = tokensOf(source.text).filter(({ kind }) => kind === 'code' || kind === 'string')
  return tokens
    .map((_, at) => targetAt(tokens, at))
    .filter((target) => target !== undefined)
    .map((target) => resolve(source.path, target))
}
