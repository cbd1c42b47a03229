import type { Credentials } from './credentials.ts'
import { redactedHeader } from './redacted-headers.ts'
import { isSecretName } from './secret-names.ts'

/** Strings, signs, words and space; a string may lack its end, as a text that was cut does. */
const lexeme = /"(?:[^"\\]|\\[\s\S])*"?|[{}[\]:,]|[^\s{}[\]:,"]+|\s+/g

const signs: ReadonlySet<string> = new Set('{}[]:,')

/** `Authorization: Bearer abc` as one string, as v7 takes the headers of some tests. */
const headerLine = /^([\w-]{2,60})(\s*:\s*)(\S[\s\S]*)$/

/** An object or list that has begun. */
interface Level {
  readonly isObject: boolean
  /** It stands under the name of a secret. */
  readonly isSecret: boolean
  /** The name of the member that is being read; in a list, of the member that the list is. */
  name: string
  isNameNext: boolean
  /** Of a pair of name and value, as v7 has headers: the name, when it is that of a secret. */
  secretName: string | undefined
  /** Where its `value` stands among the lexemes, when it came before the name. */
  valueAt: number | undefined
}

const outside: Level = {
  isObject: false,
  isSecret: false,
  name: '',
  isNameNext: false,
  secretName: undefined,
  valueAt: undefined,
}

function stringOf(token: string): string {
  if (!token.startsWith('"')) return token.replace(/^'|'$/g, '')
  if (!token.includes('\\') && token.endsWith('"')) return token.slice(1, -1)
  try {
    return JSON.parse(token) as string
  } catch {
    return token.replace(/^"|"$/g, '')
  }
}

/** In v7 streams it is an object of settings, most of them no secrets. */
const isSettings = (name: string): boolean => /^auth(?:orization)?$/i.test(name)

/**
 * JSON without its credentials, otherwise as it was written. Reads token by token, since a body may be cut, malformed, or name a
 * member twice.
 * @param secretNames further names of secrets in this document
 */
export function redactedJson(
  text: string,
  credentials: Credentials,
  secretNames: ReadonlySet<string>,
): string {
  const lexemes: readonly string[] = text.match(lexeme) ?? []
  const shown = [...lexemes]
  const levels: Level[] = []
  // The members of a list have the same names again and again.
  const known = new Map<string, boolean>()

  function isSecret(name: string): boolean {
    const before = known.get(name)
    if (before !== undefined) return before
    const is = isSecretName(name) || secretNames.has(name)
    known.set(name, is)
    return is
  }

  function hideAt(index: number, name: string): void {
    const value = stringOf(lexemes[index] ?? '')
    const hidden = isSecretName(name)
      ? redactedHeader(name, value, credentials)
      : credentials.hide(name, value)
    shown[index] = JSON.stringify(hidden)
  }

  function begin(isObject: boolean, { name, isSecret: isInSecret, isObject: isMember }: Level): void {
    const isUnderSecret = isMember && isSecret(name) && !isSettings(name)
    levels.push({ ...outside, isObject, name, isNameNext: isObject, isSecret: isInSecret || isUnderSecret })
  }

  /** One half of a pair of name and value; either may come first. */
  function pair(level: Level, index: number, value: string): void {
    if ((level.name === 'name' || level.name === 'key') && /^\S+$/.test(value) && isSecret(value)) {
      level.secretName = value
      if (level.valueAt !== undefined) hideAt(level.valueAt, value)
    } else if (level.name === 'value') {
      level.valueAt = index
      if (level.secretName !== undefined) hideAt(index, level.secretName)
    }
  }

  /** A string under a name that promises nothing. What it holds by its form is found in the whole, unless it is escaped. */
  function words(index: number, token: string, level: Level): void {
    const text = stringOf(token)
    const [, name = '', colon = '', rest = ''] = (text.includes(':') && headerLine.exec(text)) || []
    const isLine = name !== '' && isSecret(name)
    if (isLine) shown[index] = JSON.stringify(`${name}${colon}${redactedHeader(name, rest, credentials)}`)
    else if (token.includes('\\')) escaped(index, text)
    pair(level, index, text)
  }

  function escaped(index: number, text: string): void {
    const open = credentials.text(text)
    if (open !== text) shown[index] = JSON.stringify(open)
  }

  function value(index: number, token: string, level: Level): void {
    const isString = token.startsWith('"')
    const isHidden = level.isSecret || (level.isObject && isSecret(level.name))
    // Of true, false and null nobody learns anything.
    if (isHidden && !/^(?:true|false|null)$/.test(token)) hideAt(index, level.name)
    else if (isString) words(index, token, level)
  }

  function sign(token: string, level: Level): void {
    if (token === '{' || token === '[') begin(token === '{', level)
    else if (token === '}' || token === ']') levels.pop()
    else level.isNameNext = token === ',' && level.isObject
  }

  lexemes.forEach((token, index) => {
    const level = levels.at(-1) ?? { ...outside }
    if (signs.has(token)) sign(token, level)
    else if (/^\s/.test(token)) return
    else if (level.isObject && level.isNameNext) level.name = stringOf(token)
    else value(index, token, level)
  })
  return shown.join('')
}
