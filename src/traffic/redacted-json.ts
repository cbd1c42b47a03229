import type { Credentials } from './credentials.ts'
import { redactedHeader } from './redacted-headers.ts'
import { isSecretName } from './secret-names.ts'

/** Strings, signs, words and space; a string may lack its end, as a text that was cut does. */
const lexeme = /"(?:[^"\\]|\\[\s\S])*"?|[{}[\]:,]|[^\s{}[\]:,"]+|\s+/g

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
  try {
    return JSON.parse(token) as string
  } catch {
    return token.replace(/^"|"$/g, '')
  }
}

/** In v7 streams it is an object of settings, most of them no secrets. */
const isSettings = (name: string): boolean => name.toLowerCase() === 'authorization'

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
  const isSecret = (name: string): boolean => isSecretName(name) || secretNames.has(name)

  function hideAt(index: number, name: string): void {
    shown[index] = JSON.stringify(redactedHeader(name, stringOf(lexemes[index] ?? ''), credentials))
  }

  function begin(isObject: boolean, { name, isSecret: isInSecret, isObject: isMember }: Level): void {
    const isUnderSecret = isMember && isSecret(name) && !isSettings(name)
    levels.push({ ...outside, isObject, name, isNameNext: isObject, isSecret: isInSecret || isUnderSecret })
  }

  /** One half of a pair of name and value; either may come first. */
  function pair(level: Level, index: number, value: string): void {
    if ((level.name === 'name' || level.name === 'key') && isSecret(value)) {
      level.secretName = value
      if (level.valueAt !== undefined) hideAt(level.valueAt, value)
    } else if (level.name === 'value') {
      level.valueAt = index
      if (level.secretName !== undefined) hideAt(index, level.secretName)
    }
  }

  function words(index: number, level: Level): void {
    const value = stringOf(lexemes[index] ?? '')
    const [, name = '', colon = '', rest = ''] = headerLine.exec(value) ?? []
    const open = isSecret(name)
      ? `${name}${colon}${redactedHeader(name, rest, credentials)}`
      : credentials.text(value)
    if (open !== value) shown[index] = JSON.stringify(open)
    pair(level, index, value)
  }

  function value(index: number, token: string, level: Level): void {
    const isString = token.startsWith('"')
    const isHidden = level.isSecret || (level.isObject && isSecret(level.name))
    // Of true, false and null nobody learns anything.
    if (isHidden && (isString || /^[-\d]/.test(token))) hideAt(index, level.name)
    else if (isString) words(index, level)
  }

  function sign(token: string, level: Level): void {
    if (token === '{' || token === '[') begin(token === '{', level)
    else if (token === '}' || token === ']') levels.pop()
    else level.isNameNext = token === ',' && level.isObject
  }

  lexemes.forEach((token, index) => {
    const level = levels.at(-1) ?? { ...outside }
    if (/^[{}[\]:,]$/.test(token)) sign(token, level)
    else if (level.isObject && level.isNameNext && /\S/.test(token)) level.name = stringOf(token)
    else if (/\S/.test(token)) value(index, token, level)
  })
  return shown.join('')
}
