import { isJsonObject, type Json, type JsonObject, own } from './json.ts'
import type { Model, Schema } from './model.ts'
import type { Violation } from './refusals.ts'
import { isDay, parseInstant } from './time-range.ts'

const nameOf = (field: string): string => {
  const last = field.split('.').at(-1) ?? field
  return `${last.charAt(0).toUpperCase()}${last.slice(1)}`
}

/**
 * What a request body does against its schema: required keys, types, enums, limits and formats. Read-only keys are ignored,
 * as are keys that the document does not know, and a required key that the schema itself does not define (its SIP defect).
 * @returns nothing when the body is fine
 */
export function violationsOf(model: Model, schema: Schema, body: Json): readonly Violation[] {
  return inspect({ model, field: '' }, model.resolve(schema), body)
}

interface Place {
  readonly model: Model
  readonly field: string
}

type Violations = readonly Violation[]
const none: Violations = []
const at = (place: Place, message: string): Violations => [{ field: place.field || 'body', message }]
const below = (place: Place, key: string): Place => ({
  ...place,
  field: place.field ? `${place.field}.${key}` : key,
})

function inspect(place: Place, schema: Schema, value: Json): Violations {
  if (value === null) return none
  if (schema.oneOf ?? schema.anyOf) return inspectChoice(place, schema, value)
  const type = schema.type ?? (schema.properties ? 'object' : undefined)
  return type === undefined ? none : inspectors[type](place, schema, value)
}

const inspectors: Readonly<
  Record<NonNullable<Schema['type']>, (place: Place, schema: Schema, value: Json) => Violations>
> = {
  object: (place, schema, value) =>
    isJsonObject(value) ? inspectObject(place, schema, value) : at(place, 'must be an object.'),
  array: (place, schema, value) => inspectArray(place, schema, value),
  string: (place, schema, value) =>
    typeof value === 'string' ? inspectText(place, schema, value) : at(place, 'must be a string.'),
  integer: (place, schema, value) => inspectNumber(place, schema, value),
  number: (place, schema, value) => inspectNumber(place, schema, value),
  boolean: (place, _, value) => (typeof value === 'boolean' ? none : at(place, 'must be true or false.')),
}

function inspectChoice(place: Place, schema: Schema, value: Json): Violations {
  const { model } = place
  if (schema.discriminator && isJsonObject(value)) {
    const { property, mapping } = schema.discriminator
    const named = String(value[property])
    const chosen = own(mapping, named)
    return chosen === undefined
      ? at(below(place, property), `must be one of ${Object.keys(mapping).join(', ')}.`)
      : inspect(place, model.schema(chosen), value)
  }
  const results = [...(schema.oneOf ?? []), ...(schema.anyOf ?? [])].map((variant) =>
    inspect(place, model.resolve(variant), value),
  )
  return results.some((found) => found.length === 0) ? none : (results[0] ?? none)
}

/**
 * What the values of a map are, as headers under names of the client's own. Those that the document names, the assets of templates,
 * are left to their family: they contradict their schemas (v7-notes section 11).
 */
const mapped = (values: Schema['additionalProperties']): Schema | undefined =>
  typeof values === 'object' && values.ref === undefined ? values : undefined

function inspectObject(place: Place, schema: Schema, value: JsonObject): Violations {
  const { properties = {}, additionalProperties } = schema
  const extra = mapped(additionalProperties)
  const missing = (schema.required ?? [])
    .filter((key) => properties[key] && !place.model.resolve(properties[key]).readOnly)
    .filter((key) => value[key] === undefined || value[key] === null || value[key] === '')
    .flatMap((key) => at(below(place, key), `${nameOf(key)} is empty.`))
  const wrong = Object.entries(value).flatMap(([key, inner]) => {
    const declared = own(properties, key) ?? extra
    const property = declared && place.model.resolve(declared)
    return property && !property.readOnly ? inspect(below(place, key), property, inner) : none
  })
  return [...missing, ...wrong]
}

function inspectArray(place: Place, schema: Schema, value: Json): Violations {
  if (!Array.isArray(value)) return at(place, 'must be an array.')
  const items = value as readonly Json[]
  if (schema.maxItems !== undefined && items.length > schema.maxItems)
    return at(place, `must have at most ${schema.maxItems} elements.`)
  const { items: element } = schema
  if (!element) return none
  const resolved = place.model.resolve(element)
  return items.flatMap((item, index) =>
    inspect({ ...place, field: `${place.field}[${index}]` }, resolved, item),
  )
}

/** An enum of one value is drawn too narrow in the document (v7-notes section 11), so it is not checked. */
const isOutside = (schema: Schema, value: string): boolean =>
  schema.enum !== undefined && schema.enum.length > 1 && !schema.enum.includes(value)

/** The operation's own text takes a domain name as the target of an agent, where its schema says IPv4. */
const isContradicted = ({ field }: Place): boolean => field === 'targetForTests'

function inspectText(place: Place, schema: Schema, value: string): Violations {
  if (isOutside(schema, value)) return at(place, `must be one of ${schema.enum?.join(', ')}.`)
  if (schema.maxLength !== undefined && value.length > schema.maxLength)
    return at(place, `must have at most ${schema.maxLength} characters.`)
  if (schema.pattern !== undefined && !patternOf(schema.pattern).test(value))
    return at(place, `must match ${schema.pattern}.`)
  const isRight = schema.format === undefined || isContradicted(place) ? undefined : formats[schema.format]
  return isRight && !isRight(value) ? at(place, `must be of the format ${schema.format}.`) : none
}

function inspectNumber(place: Place, schema: Schema, value: Json): Violations {
  if (typeof value !== 'number' || !Number.isFinite(value)) return at(place, 'must be a number.')
  if (schema.type === 'integer' && !Number.isInteger(value)) return at(place, 'must be an integer.')
  if (schema.enum && !schema.enum.includes(value))
    return at(place, `must be one of ${schema.enum.join(', ')}.`)
  if (schema.minimum !== undefined && value < schema.minimum)
    return at(place, `must be at least ${schema.minimum}.`)
  if (schema.maximum !== undefined && value > schema.maximum)
    return at(place, `must be at most ${schema.maximum}.`)
  return none
}

/** Only formats that the document uses without contradicting itself; the others are not checked. */
const formats: Readonly<Record<string, (value: string) => boolean>> = {
  'date-time': (value) => parseInstant(value) !== undefined,
  date: isDay,
  email: (value) => /^[^\s@]+@[^\s@]+$/.test(value),
  ipv4: (value) =>
    /^\d{1,3}(\.\d{1,3}){3}$/.test(value) && value.split('.').every((part) => Number(part) < 256),
  uuid: (value) => /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(value),
}

const patterns = new Map<string, RegExp>()

function patternOf(text: string): RegExp {
  const known = patterns.get(text)
  if (known) return known
  const made = new RegExp(text)
  patterns.set(text, made)
  return made
}
