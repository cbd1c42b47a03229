import { readFileSync } from 'node:fs'

/** A second reading of the document's schemas, apart from the engine's own, to hold answers against. */
interface Schema {
  readonly ref?: string
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly oneOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly additionalProperties?: unknown
  readonly writeOnly?: boolean
  readonly nullable?: boolean
}

const schemas = JSON.parse(readFileSync('config/v7/schemas.json', 'utf8')) as Record<string, Schema>

const resolve = (schema: Schema): Schema =>
  schema.ref === undefined
    ? schema
    : { ...resolve(schemas[schema.ref] ?? {}), ...schema, ref: undefined as never }

const typeOf = (value: unknown): string => {
  if (Array.isArray(value)) return 'array'
  if (value === null) return 'null'
  return Number.isInteger(value) ? 'integer' : typeof value
}

const fits = ({ type = '', nullable }: Schema, value: unknown): boolean =>
  typeOf(value) === type ||
  (value === null && nullable === true) ||
  (type === 'number' && typeOf(value) === 'integer')

function check(schema: Schema, value: unknown, at: string): readonly string[] {
  const one = resolve(schema)
  const variants = one.oneOf ?? one.anyOf
  if (variants) {
    const results = variants.map((variant) => check(variant, value, at))
    return results.some((found) => found.length === 0) ? [] : (results[0] ?? [])
  }
  if (one.type !== undefined && !fits(one, value)) return [`${at} is ${typeOf(value)}, not ${one.type}`]
  if (one.enum && one.enum.length > 1 && !one.enum.includes(value))
    return [`${at} is ${JSON.stringify(value)}, none of ${one.enum.join(' ')}`]
  if (Array.isArray(value))
    return value.flatMap((item, index) => (one.items ? check(one.items, item, `${at}[${index}]`) : []))
  if (typeOf(value) !== 'object') return []
  return checkObject(one, value as Record<string, unknown>, at)
}

const isSchema = (value: unknown): value is Schema => typeof value === 'object' && value !== null

function checkObject(schema: Schema, value: Record<string, unknown>, at: string): readonly string[] {
  const properties = schema.properties ?? {}
  const missing = (schema.required ?? [])
    .filter((key) => properties[key] && !resolve(properties[key]).writeOnly && value[key] === undefined)
    .map((key) => `${at}.${key} is missing`)
  const isOpen = schema.additionalProperties === true || Object.keys(properties).length === 0
  const found = Object.entries(value).flatMap(([key, inner]) => {
    const property = properties[key]
    // Maps alone are open: those of templates contradict their own examples (v7-notes section 11).
    if (!property && Object.keys(properties).length > 0 && isSchema(schema.additionalProperties))
      return check(schema.additionalProperties, inner, `${at}.${key}`)
    if (!property) return isOpen || schema.required?.includes(key) ? [] : [`${at}.${key} is not declared`]
    return resolve(property).writeOnly
      ? [`${at}.${key} is write-only`]
      : check(property, inner, `${at}.${key}`)
  })
  return [...missing, ...found]
}

/** @returns what the body has against the named schema of the document; nothing when it fits */
export const violations = (name: string, body: unknown): readonly string[] => check({ ref: name }, body, name)
