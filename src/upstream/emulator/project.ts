import { isJsonObject, type Json, type JsonObject, own } from './json.ts'
import type { Model, Schema } from './model.ts'

/**
 * What a client sees of an object: the keys that the schema of the answer declares, and never a write-only one. Keys that
 * the emulator keeps for itself fall away here. Objects without declared properties pass as they are, and so do keys that
 * are required but not declared (the document's SIP defect, v7-notes section 11).
 */
export function project(model: Model, schema: Schema, value: Json): Json {
  const resolved = model.resolve(schema)
  if (Array.isArray(value)) {
    const items = resolved.items
    return items ? (value as readonly Json[]).map((item) => project(model, items, item)) : value
  }
  return isJsonObject(value) ? projectObject(model, resolved, value) : value
}

function projectObject(model: Model, schema: Schema, value: JsonObject): JsonObject {
  const properties = propertiesFor(model, schema, value)
  if (Object.keys(properties).length === 0) return value
  const shown: Record<string, Json> = {}
  for (const [key, inner] of Object.entries(value)) {
    const declared = own(properties, key)
    const property = declared && model.resolve(declared)
    if (property && !property.writeOnly) shown[key] = project(model, property, inner)
    if (!property && passesUndeclared(schema, key)) shown[key] = inner
  }
  return shown
}

const passesUndeclared = ({ additionalProperties, required }: Schema, key: string): boolean =>
  additionalProperties === true || required?.includes(key) === true

/** The properties of the variant that the discriminator names, else those of all variants together. */
function propertiesFor(model: Model, schema: Schema, value: JsonObject): Readonly<Record<string, Schema>> {
  const { discriminator } = schema
  const chosen = discriminator && own(discriminator.mapping, String(value[discriminator.property]))
  return model.properties(chosen === undefined ? schema : model.schema(chosen))
}

/** The values that the document gives to keys that a request leaves out; read-only and write-only keys get none. */
export function defaultsOf(model: Model, schema: Schema): JsonObject {
  const defaults: Record<string, Json> = {}
  for (const [name, property] of Object.entries(model.properties(model.resolve(schema)))) {
    const one = model.resolve(property)
    if (one.default !== undefined && !one.readOnly && !one.writeOnly) defaults[name] = one.default
  }
  return defaults
}

/** The body without the keys that only the server sets, and without keys that the document does not know. */
export function suppliedFields(model: Model, schema: Schema, body: Json | undefined): JsonObject {
  if (!isJsonObject(body)) return {}
  const resolved = model.resolve(schema)
  const properties = model.properties(resolved)
  const isFree = Object.keys(properties).length === 0 || resolved.additionalProperties === true
  return Object.fromEntries(
    Object.entries(body).filter(([key]) => {
      const property = own(properties, key)
      return property ? !model.resolve(property).readOnly : isFree
    }),
  )
}
