/**
 * Templates may be written in the older v6 forms (official document, `SchemaVersionConfig`): 0 and 1 for booleans, numbers for
 * ids, `TO_TARGET` or `End-to-End (Server)` for enums, objects for ids. This brings them, and what users fill in, to the schema
 * of a v7 request.
 */
import { isJsonObject, type Json, type JsonObject, listOf, own, textOf } from '../json.ts'
import type { Model, Schema } from '../model.ts'
import { jsonIn } from '../request-body.ts'

/** Keys under which an object is known, where v7 takes the id alone. */
const idKeys = ['testId', 'ruleId', 'agentId', 'tagId', 'groupId', 'id', 'serverName']

const folded = (value: Json): string =>
  String(value)
    .toLowerCase()
    .replaceAll(/[^a-z\d]/g, '')

/** What is left of the words of a web page: `Cloud & Enterprise Agents`, `Web - HTTP Server`, `Continents`. */
const readings = (value: Json): readonly string[] => {
  const text = String(value).replaceAll('&', 'and')
  const last = text.split(' - ').at(-1) ?? text
  return [text, last, last.replace(/s$/, '')].map(folded)
}

/** What the choices of an enum are read as, the first of each: the document lists hundreds of metrics. */
const readChoices = new WeakMap<readonly Json[], ReadonlyMap<string, Json>>()

function choicesOf(choices: readonly Json[]): ReadonlyMap<string, Json> {
  const known = readChoices.get(choices)
  if (known) return known
  const read = new Map(choices.toReversed().map((choice) => [folded(choice), choice]))
  readChoices.set(choices, read)
  return read
}

const isWord = (value: Json): value is string | number =>
  typeof value === 'string' || typeof value === 'number'

function toText({ enum: choices }: Schema, value: Json): Json {
  if (isJsonObject(value)) return String(idKeys.map((key) => value[key]).find((id) => id !== undefined) ?? '')
  if (!isWord(value)) return value
  if (!choices || choices.includes(value)) return String(value)
  const read = choicesOf(choices)
  const found = readings(value).find((reading) => read.has(reading))
  return found === undefined ? String(value) : (read.get(found) ?? value)
}

function toBoolean(value: Json): Json {
  if (value === 1 || value === 'true' || value === '1') return true
  return value === 0 || value === 'false' || value === '0' ? false : value
}

const toNumber = (value: Json): Json =>
  typeof value === 'string' && /^-?\d+(?:\.\d+)?$/.test(value) ? Number(value) : value

/** A list may come as text when it was put together from placeholders; ids in it have no quotes. */
function toList(value: Json): readonly Json[] {
  if (Array.isArray(value)) return listOf(value)
  const [, inner] = /^\s*\[(.*)\]\s*$/s.exec(textOf(value) ?? '') ?? []
  if (inner === undefined) return [value]
  try {
    return listOf(jsonIn(`[${inner}]`))
  } catch {
    return inner.split(',').map((item) => item.trim())
  }
}

/** An object may come as text when it was put together from placeholders. */
function objectIn(value: Json): Json {
  const text = textOf(value)
  if (text === undefined || !/^\s*\{/.test(text)) return value
  try {
    return jsonIn(text)
  } catch {
    return value
  }
}

function toObject(model: Model, schema: Schema, given: Json): Json {
  const value = objectIn(given)
  const properties = model.properties(schema)
  const others = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined
  if (!isJsonObject(value))
    return 'agentId' in properties && isWord(value) ? { agentId: String(value) } : value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const property = Object.hasOwn(properties, key) ? properties[key] : others
      return [key, property ? coerce(model, property, inner) : inner]
    }),
  )
}

/** The elements in their form; those of a list that is longer than it may be are not looked at. */
function toItems(
  model: Model,
  { items, maxItems = Number.POSITIVE_INFINITY }: Schema,
  list: readonly Json[],
): Json {
  return items && list.length <= maxItems ? list.map((item) => coerce(model, items, item)) : list
}

/** Of a choice the variant that the value says it is. */
function variantOf(model: Model, schema: Schema, value: Json): Schema {
  const { discriminator } = schema
  if (!discriminator || !isJsonObject(value)) return schema
  const named = own(discriminator.mapping, String(value[discriminator.property]))
  return named === undefined ? schema : model.schema(named)
}

/** The value in the form of the schema, as far as it can be brought to it. */
export function coerce(model: Model, schema: Schema, value: Json): Json {
  const one = variantOf(model, model.resolve(schema), value)
  switch (one.type) {
    case 'string':
      return toText(one, value)
    case 'boolean':
      return toBoolean(value)
    case 'integer':
    case 'number':
      return toNumber(value)
    case 'array':
      return toItems(model, one, toList(value))
    default:
      return one.properties || one.additionalProperties ? toObject(model, one, value) : value
  }
}

/** The object in the form of the schema. */
export const coerceObject = (model: Model, schema: Schema, value: JsonObject): JsonObject => {
  const coerced = coerce(model, schema, value)
  return isJsonObject(coerced) ? coerced : value
}
