/**
 * Templates may be written in the older v6 forms (official document, `SchemaVersionConfig`): 0 and 1 for booleans, numbers for
 * ids, `TO_TARGET` or `End-to-End (Server)` for enums, objects for ids. This brings them, and what users fill in, to the schema
 * of a v7 request.
 */
import { isJsonObject, type Json, type JsonObject, listOf } from '../json.ts'
import type { Model, Schema } from '../model.ts'

/** Keys under which an object is known, where v7 takes the id alone. */
const idKeys = ['testId', 'ruleId', 'agentId', 'tagId', 'id', 'serverName']

const folded = (value: Json): string =>
  String(value)
    .toLowerCase()
    .replaceAll(/[^a-z\d]/g, '')

function toText({ enum: choices }: Schema, value: Json): Json {
  if (isJsonObject(value)) return String(idKeys.map((key) => value[key]).find((id) => id !== undefined) ?? '')
  if (typeof value !== 'string' && typeof value !== 'number') return value
  return choices?.find((choice) => folded(choice) === folded(value)) ?? String(value)
}

function toBoolean(value: Json): Json {
  if (value === 1 || value === 'true' || value === '1') return true
  return value === 0 || value === 'false' || value === '0' ? false : value
}

const toNumber = (value: Json): Json =>
  typeof value === 'string' && /^-?\d+(?:\.\d+)?$/.test(value) ? Number(value) : value

/** A list may come as text when it was put together from placeholders. */
function toList(value: Json): readonly Json[] {
  if (Array.isArray(value)) return listOf(value)
  if (typeof value !== 'string' || !value.trim().startsWith('[')) return [value]
  try {
    return listOf(JSON.parse(value) as Json)
  } catch {
    return [value]
  }
}

function toObject(model: Model, schema: Schema, value: Json): Json {
  const properties = model.properties(schema)
  if (!isJsonObject(value)) return 'agentId' in properties ? { agentId: String(value) } : value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const property = Object.hasOwn(properties, key) ? properties[key] : undefined
      return [key, property ? coerce(model, property, inner) : inner]
    }),
  )
}

/** The value in the form of the schema, as far as it can be brought to it. */
export function coerce(model: Model, schema: Schema, value: Json): Json {
  const one = model.resolve(schema)
  switch (one.type) {
    case 'string':
      return toText(one, value)
    case 'boolean':
      return toBoolean(value)
    case 'integer':
    case 'number':
      return toNumber(value)
    case 'array':
      return toList(value).map((item) => (one.items ? coerce(model, one.items, item) : item))
    default:
      return one.properties ? toObject(model, one, value) : value
  }
}

/** The object in the form of the schema. */
export const coerceObject = (model: Model, schema: Schema, value: JsonObject): JsonObject => {
  const coerced = coerce(model, schema, value)
  return isJsonObject(coerced) ? coerced : value
}
