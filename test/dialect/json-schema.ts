/** Schemas of OpenAPI 3.0 in the words of JSON Schema, as one way of a call has them. */
import { isUnusable, isVainlyRequired } from './document-defects.ts'

export type Part = { readonly [key: string]: unknown }

export type Way = 'request' | 'response'

export interface Reading {
  readonly document: Part
  readonly way: Way
  /** Keys that no schema declares are wrong in an answer. */
  readonly closed: boolean
}

export const isPart = (value: unknown): value is Part =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A part of the document, its references followed. */
export function follow(document: Part, value: unknown): Part {
  const reference = isPart(value) ? value['$ref'] : undefined
  if (typeof reference !== 'string') return isPart(value) ? value : {}
  const found = reference
    .slice(2)
    .split('/')
    .reduce<unknown>((at, key) => (isPart(at) ? at[key] : undefined), document)
  return follow(document, found)
}

/** Words of OpenAPI that say nothing of a value, or are said in other words here. */
const others = ['discriminator', 'readOnly', 'writeOnly', 'example', 'nullable', 'oneOf', 'anyOf', 'allOf']

const textsOf = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : [])

/** What a document says of one object. @param name of the schema that it stands in */
function objectWords(reading: Reading, schema: Part, name: string): Part {
  const { document, way, closed } = reading
  const hidden = way === 'response' ? 'writeOnly' : 'readOnly'
  const properties = isPart(schema['properties']) ? schema['properties'] : undefined
  if (!properties) return {}
  const isHidden = (key: string): boolean => follow(document, properties[key])[hidden] === true
  const required = textsOf(schema['required']).filter((key) => !isVainlyRequired(name, key))
  const undeclared = required.filter((key) => !(key in properties))
  const isClosed = closed && way === 'response' && schema['additionalProperties'] === undefined
  return {
    properties: Object.fromEntries([
      ...Object.entries(properties).map(([key, property]) => [
        key,
        way === 'response' && isHidden(key) ? false : jsonSchema(reading, property, name),
      ]),
      ...undeclared.map((key) => [key, true]),
    ]),
    required: required.filter((key) => !isHidden(key)),
    ...(isClosed && { additionalProperties: false }),
  }
}

/** A choice that names its variant in a key of the object. */
function discriminated(reading: Reading, { propertyName, mapping }: Part, name: string): Part {
  const key = String(propertyName)
  const variants = Object.entries(mapping as Readonly<Record<string, string>>)
  return {
    required: [key],
    properties: { [key]: { enum: variants.map(([value]) => value) } },
    allOf: variants.map(([value, reference]) => ({
      if: { properties: { [key]: { const: value } } },
      // biome-ignore lint/suspicious/noThenProperty: a word of JSON Schema
      then: jsonSchema(reading, { $ref: reference }, name),
    })),
  }
}

function choiceWords(reading: Reading, schema: Part, name: string): Part {
  const { discriminator, oneOf } = schema
  if (isPart(discriminator) && oneOf !== undefined) return discriminated(reading, discriminator, name)
  return Object.fromEntries(
    ['oneOf', 'anyOf', 'allOf'].flatMap((key) => {
      const members = schema[key]
      return Array.isArray(members) ? [[key, members.map((one) => jsonSchema(reading, one, name))]] : []
    }),
  )
}

/** An enum of one value is drawn too narrow in the document (v7-notes section 11). */
const isTooNarrow = (values: unknown): boolean => Array.isArray(values) && values.length === 1

/** @param name of the schema that this one stands in */
export function jsonSchema(reading: Reading, schema: unknown, name: string): unknown {
  if (!isPart(schema)) return schema
  const { $ref } = schema
  if (typeof $ref === 'string') return { $ref: $ref.replace('#/components/schemas/', 'v7#/$defs/') }
  const kept = Object.entries(schema).filter(
    ([key, value]) => !(others.includes(key) || (key === 'enum' && isTooNarrow(value))),
  )
  const made = {
    ...Object.fromEntries(kept),
    ...objectWords(reading, schema, name),
    ...choiceWords(reading, schema, name),
    ...Object.fromEntries(
      ['items', 'additionalProperties']
        .filter((key) => isPart(schema[key]))
        .map((key) => [key, jsonSchema(reading, schema[key], name)]),
    ),
  }
  return schema['nullable'] === true ? { anyOf: [made, { type: 'null' }] } : made
}

/** All named schemas, as one schema that others refer to. */
export const definitions = (reading: Reading): Part => ({
  $id: 'v7',
  $defs: Object.fromEntries(
    Object.entries(follow(reading.document, { $ref: '#/components/schemas' })).map(([name, schema]) => [
      name,
      isUnusable(name) || jsonSchema(reading, schema, name),
    ]),
  ),
})
