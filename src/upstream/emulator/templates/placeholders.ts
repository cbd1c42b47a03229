/**
 * The placeholders of templates: `{{name}}`, `{{userInputs.<key>}}`, `{{tests.<key>.testId}}` (official document,
 * `HandlebarsExpression`). Handlebars' own helpers and blocks are not emulated.
 */
import { isJsonObject, type Json, type JsonObject, textOf } from '../json.ts'

const placeholder = /\{\{\{?([^{}]*)\}?\}\}/g

const isPath = (expression: string): boolean => /^[\w$-]+(?:\.[\w$-]+)*$/.test(expression)

/** All expressions between braces, at any depth. */
export function expressionsIn(value: Json): readonly string[] {
  const text = textOf(value)
  if (text !== undefined) return [...text.matchAll(placeholder)].map(([, inner = '']) => inner.trim())
  return Object.values(value ?? {}).flatMap((inner: Json) => expressionsIn(inner))
}

/** Expressions that are more than the path of a value. */
export const nonPathsIn = (value: Json): readonly string[] =>
  expressionsIn(value).filter((expression) => !isPath(expression))

/** Paths that lead to nothing. */
export const danglingIn = (value: Json, context: JsonObject): readonly string[] =>
  expressionsIn(value).filter((expression) => lookUp(context, expression) === undefined)

const lookUp = (context: JsonObject, path: string): Json | undefined =>
  path
    .split('.')
    .reduce<Json | undefined>(
      (inner, key) =>
        typeof inner === 'object' && inner !== null && Object.hasOwn(inner, key)
          ? (inner as JsonObject)[key]
          : undefined,
      context,
    )

const asText = (value: Json | undefined): string =>
  typeof value === 'object' ? JSON.stringify(value) : String(value ?? '')

/** A text that is one placeholder and nothing else becomes the value itself, whatever its type. */
function fillText(text: string, context: JsonObject): Json {
  const [only] = text.matchAll(placeholder)
  if (only && only[0] === text.trim()) return lookUp(context, (only[1] ?? '').trim()) ?? text
  return text.replaceAll(placeholder, (_, inner: string) => asText(lookUp(context, inner.trim())))
}

function* lengthsIn(value: Json, context: JsonObject): Generator<number> {
  const text = textOf(value)
  yield text?.length ?? 1
  if (text !== undefined)
    for (const [, inner = ''] of text.matchAll(placeholder))
      yield asText(lookUp(context, inner.trim())).length
  else if (typeof value === 'object')
    for (const inner of Object.values(value ?? {})) yield* lengthsIn(inner, context)
}

/**
 * How many characters the value has with its placeholders replaced, without replacing them: a few placeholders of what has
 * placeholders itself would be more than there is memory.
 * @returns what was counted when it was more than `most`
 */
export function filledLength(value: Json, context: JsonObject, most: number): number {
  let length = 0
  for (const part of lengthsIn(value, context)) {
    length += part
    if (length > most) break
  }
  return length
}

/** The value with its placeholders replaced. */
export function fill(value: Json, context: JsonObject): Json {
  if (typeof value === 'string') return fillText(value, context)
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => fill(item, context))
  if (!isJsonObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fill(inner, context)]))
}
