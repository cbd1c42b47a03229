/**
 * Reads TypeScript without a compiler: enough of its lexical grammar to tell code from comments, strings and regular
 * expressions, so that a rule is neither fooled nor set off by text that only looks like code.
 */
import { globSync, readFileSync } from 'node:fs'

/** A file of the repository, with its path from the root; tests make them in memory. */
export interface Source {
  readonly path: string
  readonly text: string
}

/** @param pattern a glob from the root of the repository */
export const readSources = (pattern: string): readonly Source[] =>
  globSync(pattern)
    .toSorted()
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }))

export interface Token {
  readonly kind: 'code' | 'string' | 'comment' | 'space'
  /** A string token carries its quotes; a template with holes comes in pieces, with the code of the holes between. */
  readonly text: string
}

const lexemes: readonly (readonly [Token['kind'], RegExp])[] = [
  ['space', /\s+/y],
  ['comment', /\/\/[^\n]*|\/\*[\s\S]*?\*\//y],
  ['string', /'(?:\\[\s\S]|[^'\\\n])*'|"(?:\\[\s\S]|[^"\\\n])*"/y],
  ['code', /[\p{L}\d_$#@]+/uy],
]
const templatePiece = /[`}](?:\\[\s\S]|\$(?!\{)|[^`\\$])*(?:`|\$\{)/y
const regularExpression = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}

/** A slash after a value divides; after anything else it opens a regular expression. */
const endsValue = (code: string): boolean =>
  /[\p{L}\d_$)\]}'"`]$/u.test(code) && !/^(?:return|typeof|case|of|in|void|await|yield|else)$/.test(code)

/** @returns the text cut into tokens; nothing is lost, so that joining them gives the text again */
export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = []
  /** For each hole of a template that is still open, the number of braces open inside it. */
  const holes: number[] = []
  let last = ''
  for (let at = 0; at < text.length; ) {
    const token = tokenAt(text, at, { inHole: holes.at(-1) === 0, afterValue: endsValue(last) })
    tokens.push(token)
    at += token.text.length
    if (token.kind === 'code' || token.kind === 'string') last = token.text
    countBraces(token, holes)
  }
  return tokens
}

function tokenAt(
  text: string,
  at: number,
  { inHole, afterValue }: { readonly inHole: boolean; readonly afterValue: boolean },
): Token {
  const character = text.charAt(at)
  if (character === '`' || (character === '}' && inHole)) {
    const piece = matchAt(templatePiece, text, at)
    if (piece !== undefined) return { kind: 'string', text: piece }
  }
  for (const [kind, pattern] of lexemes) {
    const match = matchAt(pattern, text, at)
    if (match !== undefined) return { kind, text: match }
  }
  const expression = character === '/' && !afterValue ? matchAt(regularExpression, text, at) : undefined
  return expression === undefined ? { kind: 'code', text: character } : { kind: 'string', text: expression }
}

function countBraces({ kind, text }: Token, holes: number[]): void {
  if (kind === 'string') {
    if (text.startsWith('}')) holes.pop()
    if (text.endsWith('${')) holes.push(0)
    return
  }
  const open = holes.at(-1)
  if (open === undefined || kind !== 'code') return
  if (text === '{') holes[holes.length - 1] = open + 1
  if (text === '}') holes[holes.length - 1] = open - 1
}

/** The code alone: comments and the contents of strings become blanks, lines stay lines. */
export const codeOf = ({ text }: Source): string =>
  tokensOf(text)
    .map((token) => (token.kind === 'code' ? token.text : token.text.replace(/[^\n]/g, ' ')))
    .join('')

/** The code with its strings, without comments. */
export const codeAndStringsOf = ({ text }: Source): string =>
  tokensOf(text)
    .map((token) => (token.kind === 'comment' ? token.text.replace(/[^\n]/g, ' ') : token.text))
    .join('')
