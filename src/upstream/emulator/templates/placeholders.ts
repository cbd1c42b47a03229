/**
 * The placeholders of templates: `{{name}}`, `{{userInputs.<key>}}`, `{{tests.<key>.testId}}` (official document,
 * `HandlebarsExpression`). Handlebars' own helpers and blocks are not emulated.
 */
import { isJsonObject, type Json, type JsonObject, textOf } from '../json.ts'
import { isSecretKey } from './secrets.ts'

const placeholder = /\{\{\{?([^{}]*)\}?\}\}/g

const isPath = (expression: string): boolean => /^[\w$-]+(?:\.[\w$-]+)*$/.test(expression)

/** What placeholders of an asset may name. */
export interface Context {
  /** Anywhere. */
  readonly open: JsonObject
  /** In the place of all that a test keeps under a key: with the secrets that stand below keys of secrets, where no answer shows them. */
  readonly whole: JsonObject
  /** Where a test keeps a secret, which no answer shows. */
  readonly secret: JsonObject
}

/** A place in the configuration of an asset: what may be named there, and whether secrets are kept in it. */
interface Place {
  readonly context: JsonObject
  readonly keeps: 'secrets and their holders' | 'secrets' | 'none'
}

/** The keys of a test below which secrets of v7 stand, beside the test itself. */
const holders: readonly string[] = ['targetSipCredentials', 'oAuth', 'requests', 'httpConfig']

const top = ({ open }: Context): Place => ({ context: open, keeps: 'secrets and their holders' })

/** The expression of a text that is one placeholder and nothing else. */
function onlyExpression(text: string): string | undefined {
  const [first] = text.matchAll(placeholder)
  return first?.[0] === text.trim() ? (first[1] ?? '').trim() : undefined
}

/** A holder that is filled as a whole gets its secrets with it; a secret by itself is no holder. */
const isFilledWhole = (inner: Json): boolean =>
  onlyExpression(textOf(inner) ?? '')
    ?.split('.')
    .some(isSecretKey) === false

/** From an object to what it has under the key. Headers may be called `password` too, but are shown. */
function below({ context, keeps }: Place, [key, inner]: readonly [string, Json], all: Context): Place {
  if (keeps !== 'none' && isSecretKey(key)) return { context: all.secret, keeps: 'none' }
  const isHolder = keeps === 'secrets and their holders' && holders.includes(key)
  return {
    context: isHolder && isFilledWhole(inner) ? all.whole : context,
    keeps: isHolder ? 'secrets' : 'none',
  }
}

type Inner = readonly [value: Json, place: Place]

/** What a list or an object holds, in its order. */
function innerOf([value, place]: Inner, context: Context): readonly Inner[] {
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => [item, place])
  return isJsonObject(value)
    ? Object.entries(value).map((entry) => [entry[1], below(place, entry, context)])
    : []
}

/** Every text in the value with what it may name; numbers and the like are a character. */
function* textsIn(value: Json, context: Context): Generator<readonly [text: string, named: JsonObject]> {
  const left: Inner[] = [[value, top(context)]]
  for (let one = left.pop(); one; one = left.pop()) {
    const [inner, place] = one
    if (typeof inner !== 'object') yield [typeof inner === 'string' ? inner : ' ', place.context]
    for (const next of innerOf(one, context).toReversed()) left.push(next)
  }
}

const expressionsOf = (text: string): readonly string[] =>
  Array.from(text.matchAll(placeholder), ([, inner = '']) => inner.trim())

const none: Context = { open: {}, whole: {}, secret: {} }

/** Expressions that are more than the path of a value. */
export const nonPathsIn = (value: Json): readonly string[] =>
  [...textsIn(value, none)].flatMap(([text]) => expressionsOf(text).filter((one) => !isPath(one)))

/** Paths that lead to nothing. */
export const danglingIn = (value: Json, context: Context): readonly string[] =>
  [...textsIn(value, context)].flatMap(([text, named]) =>
    expressionsOf(text).filter((expression) => lookUp(named, expression) === undefined),
  )

const lookUp = (named: JsonObject, path: string): Json | undefined =>
  path
    .split('.')
    .reduce<Json | undefined>(
      (inner, key) =>
        typeof inner === 'object' && inner !== null && Object.hasOwn(inner, key)
          ? (inner as JsonObject)[key]
          : undefined,
      named,
    )

const asText = (value: Json | undefined): string =>
  typeof value === 'object' ? JSON.stringify(value) : String(value ?? '')

/** A text that is one placeholder and nothing else becomes the value itself, whatever its type. */
function fillText(text: string, named: JsonObject): Json {
  const only = onlyExpression(text)
  if (only !== undefined) return lookUp(named, only) ?? text
  return text.replaceAll(placeholder, (_, inner: string) => asText(lookUp(named, inner.trim())))
}

/**
 * How many characters the value has with its placeholders replaced, without replacing them: a few placeholders of what has
 * placeholders itself would be more than there is memory.
 * @returns what was counted when it was more than `most`
 */
export function filledLength(value: Json, context: Context, most: number): number {
  let length = 0
  for (const [text, named] of textsIn(value, context)) {
    length += text.length
    for (const expression of expressionsOf(text)) {
      length += asText(lookUp(named, expression)).length
      if (length > most) return length
    }
    if (length > most) return length
  }
  return length
}

function fillAt(value: Json, place: Place, context: Context): Json {
  const text = textOf(value)
  if (text !== undefined) return fillText(text, place.context)
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => fillAt(item, place, context))
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map((entry) => [entry[0], fillAt(entry[1], below(place, entry, context), context)]),
  )
}

/** The value with its placeholders replaced. */
export const fill = (value: Json, context: Context): Json => fillAt(value, top(context), context)
