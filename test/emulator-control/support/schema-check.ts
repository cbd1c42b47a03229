/** A small JSON Schema check, for what config/control/openapi.yaml uses of it; a word that it does not know fails. */

export type Schema = { readonly [word: string]: unknown }

export interface Document extends Schema {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

type Found = readonly string[]
type Members = Readonly<Record<string, unknown>>
type Check = (value: unknown, schema: Schema, at: string) => Found

/** @returns what a reference names, resolved as far as it leads */
export function resolved(document: Schema, node: unknown): Schema {
  const { $ref, ...siblings } = node as { readonly $ref?: string }
  if ($ref === undefined) return node as Schema
  const target = $ref
    .split('/')
    .slice(1)
    .reduce<unknown>((place, key) => (place as Schema | undefined)?.[key], document)
  if (target === undefined) throw new Error(`${$ref} leads nowhere`)
  return { ...resolved(document, target), ...siblings }
}

const typeOf = (value: unknown): string => {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return typeof value
}

const isOfType = (value: unknown, type: string): boolean =>
  type === 'integer' ? Number.isInteger(value) : typeOf(value) === type

const formats: Readonly<Record<string, (text: string) => boolean>> = {
  uri: (text) => URL.canParse(text),
  'date-time': (text) =>
    /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text)),
}

const isObject = (value: unknown): value is Members => typeOf(value) === 'object'

/** The members that a schema speaks of, in itself and in what it is all of. */
const spokenOf = (document: Document, schema: Schema): readonly string[] => [
  ...Object.keys((schema['properties'] ?? {}) as Members),
  ...((schema['allOf'] ?? []) as unknown[]).flatMap((part) => spokenOf(document, resolved(document, part))),
]

function extraMembers(document: Document, value: unknown, schema: Schema): readonly string[] {
  const known = spokenOf(document, schema)
  return isObject(value) ? Object.keys(value).filter((name) => !known.includes(name)) : []
}

function checksOf(document: Document): Readonly<Record<string, Check>> {
  const check: Check = (value, node, at) => {
    const schema = resolved(document, node)
    return Object.keys(schema).flatMap((word) => {
      const one = checks[word]
      return one ? one(value, schema, at) : [`${at}: the schema word ${word} is not known here`]
    })
  }
  const when = (holds: boolean, words: string): Found => (holds ? [] : [words])
  const bound =
    (word: string, fits: (value: number, limit: number) => boolean): Check =>
    (value, schema, at) =>
      when(typeof value !== 'number' || fits(value, Number(schema[word])), `${at}: ${value} breaks ${word}`)
  const size =
    (word: string, fits: (length: number, limit: number) => boolean): Check =>
    (value, schema, at) => {
      const isSized = typeof value === 'string' || Array.isArray(value)
      return when(!isSized || fits(value.length, Number(schema[word])), `${at}: breaks ${word}`)
    }
  const silent: Check = () => []
  const checks: Readonly<Record<string, Check>> = {
    description: silent,
    default: silent,
    example: silent,
    type: (value, { type }, at) =>
      when(
        [type].flat().some((one) => isOfType(value, String(one))),
        `${at}: ${typeOf(value)} is no ${type}`,
      ),
    const: (value, schema, at) =>
      when(value === schema['const'], `${at}: ${value} is not ${schema['const']}`),
    enum: (value, schema, at) =>
      when((schema['enum'] as unknown[]).includes(value), `${at}: ${value} is none of ${schema['enum']}`),
    pattern: (value, schema, at) =>
      when(
        typeof value !== 'string' || new RegExp(String(schema['pattern'])).test(value),
        `${at}: ${value} breaks pattern`,
      ),
    format: (value, { format }, at) =>
      when(
        typeof value !== 'string' || formats[String(format)]?.(value) === true,
        `${at}: ${value} is no ${format}`,
      ),
    minimum: bound('minimum', (value, limit) => value >= limit),
    exclusiveMinimum: bound('exclusiveMinimum', (value, limit) => value > limit),
    maximum: bound('maximum', (value, limit) => value <= limit),
    minLength: size('minLength', (length, limit) => length >= limit),
    maxLength: size('maxLength', (length, limit) => length <= limit),
    minItems: size('minItems', (length, limit) => length >= limit),
    maxItems: size('maxItems', (length, limit) => length <= limit),
    items: (value, schema, at) =>
      Array.isArray(value)
        ? value.flatMap((item, index) => check(item, schema['items'] as Schema, `${at}[${index}]`))
        : [],
    required: (value, schema, at) =>
      isObject(value)
        ? (schema['required'] as string[]).flatMap((name) => when(name in value, `${at}: ${name} is missing`))
        : [],
    properties: (value, schema, at) =>
      isObject(value)
        ? Object.entries(schema['properties'] as Members).flatMap(([name, part]) =>
            name in value ? check(value[name], part as Schema, `${at}.${name}`) : [],
          )
        : [],
    additionalProperties: (value, schema, at) => {
      const more = extraMembers(document, value, schema)
      const part = schema['additionalProperties']
      if (part === false) return more.map((name) => `${at}: ${name} is not documented`)
      return more.flatMap((name) => check((value as Members)[name], part as Schema, `${at}.${name}`))
    },
    unevaluatedProperties: (value, schema, at) =>
      extraMembers(document, value, schema).map((name) => `${at}: ${name} is not documented`),
    allOf: (value, schema, at) => (schema['allOf'] as Schema[]).flatMap((part) => check(value, part, at)),
    oneOf: (value, schema, at) => {
      const fitting = (schema['oneOf'] as Schema[]).filter((part) => check(value, part, at).length === 0)
      return when(fitting.length === 1, `${at}: ${fitting.length} of oneOf fit`)
    },
  }
  return { check }
}

/** @returns where a value breaks a schema of the document; nothing when it keeps it */
export function violations(document: Document, schema: Schema, value: unknown): Found {
  return checksOf(document)['check']?.(value, schema, 'answer') ?? []
}
