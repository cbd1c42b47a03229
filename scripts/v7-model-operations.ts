/** The operations of the OpenAPI document as rows: what the gateway's table and the embedded upstream read. */
import { bareName, type CompactSchema, type SpecDocument, type SpecSchema } from './v7-model-schemas.ts'

type QueryFact = Readonly<Record<string, unknown>>

export interface OperationRow {
  readonly id: string
  readonly method: string
  readonly path: string
  readonly api: string
  readonly query: Readonly<Record<string, QueryFact>>
  readonly parameters: readonly string[]
  readonly body?: { readonly required: boolean; readonly types: readonly string[]; readonly schema: string }
  readonly answer: {
    readonly status: number
    readonly others?: readonly number[]
    readonly types?: readonly string[]
    readonly schema?: string
    readonly location?: true
    /** Top-level keys that hold collections; empty for a bare array, absent otherwise. */
    readonly arrays?: readonly string[]
    readonly links?: readonly string[]
    /** Names of headers beside `Location`. */
    readonly headers?: readonly string[]
  }
}

/** By status: the schema's name of a problem, or with its type where that is another one; null has no content. */
export type ErrorFacts = Readonly<
  Record<string, string | { readonly schema: string; readonly type: string } | null>
>

/** What a table says of one operation, and what another one says of its errors, which few ask for. */
interface OperationFacts {
  readonly row: OperationRow
  readonly errors: ErrorFacts
}

type Schemas = Map<string, CompactSchema>
interface Content {
  readonly content?: Readonly<Record<string, { readonly schema: SpecSchema }>>
  readonly required?: boolean
  readonly headers?: Readonly<Record<string, unknown>>
}
interface SpecOperation {
  readonly operationId: string
  readonly tags: readonly string[]
  readonly parameters?: readonly SpecSchema[]
  readonly requestBody?: SpecSchema
  readonly responses: Readonly<Record<string, SpecSchema>>
}
interface SpecParameter {
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly explode?: boolean
  readonly schema: SpecSchema
}

const methods = ['get', 'post', 'put', 'patch', 'delete']

/** Follows the references of one document. */
interface Reader {
  /** A path-level thing (parameter, body, response), its own reference followed. */
  readonly follow: <Thing>(value: SpecSchema) => Thing
  /** A schema with its references followed to the end. */
  readonly deep: (schema: SpecSchema) => SpecSchema
  readonly schemas: Schemas
}

function readerOf(document: SpecDocument, schemas: Schemas): Reader {
  const deep = (schema: SpecSchema): SpecSchema =>
    schema.$ref
      ? deep(document.components['schemas']?.[schema.$ref.split('/')[3] ?? ''] as SpecSchema)
      : schema
  return {
    deep,
    schemas,
    follow<Thing>(value: SpecSchema): Thing {
      const [, , section = '', name = ''] = value.$ref?.split('/') ?? []
      return (value.$ref ? document.components[section]?.[name] : value) as Thing
    },
  }
}

export function operationLines(document: SpecDocument, schemas: Schemas): OperationFacts[] {
  schemas.set(textArray, { type: 'array', items: { type: 'string' } })
  const reader = readerOf(document, schemas)
  return Object.entries(document.paths).flatMap(([path, item]) =>
    methods
      .filter((method) => item[method] !== undefined)
      .map((method) => ({
        row: rowOf(reader, path, { item, method }),
        errors: errorsOf(reader, item[method] as SpecOperation),
      })),
  )
}

function rowOf(
  reader: Reader,
  path: string,
  { item, method }: { item: Readonly<Record<string, unknown>>; method: string },
): OperationRow {
  const operation = item[method] as SpecOperation
  const shared = (item['parameters'] ?? []) as readonly SpecSchema[]
  const query = [...shared, ...(operation.parameters ?? [])]
    .map((one) => reader.follow<SpecParameter>(one))
    .filter((parameter) => parameter.in === 'query')
  const body = bodyOf(reader, operation)
  return {
    id: operation.operationId,
    method: method.toUpperCase(),
    path,
    api: apiOf(operation),
    query: Object.fromEntries(query.map((parameter) => [parameter.name, queryFact(reader, parameter)])),
    parameters: [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? ''),
    ...(body && { body }),
    answer: answerOf(reader, operation),
  }
}

function errorsOf(reader: Reader, operation: SpecOperation): ErrorFacts {
  const codes = Object.keys(operation.responses).filter((code) => /^[45]/.test(code))
  return Object.fromEntries(
    codes.sort().map((code) => {
      const { content } = reader.follow<Content>(operation.responses[code] as SpecSchema)
      const [type = ''] = Object.keys(content ?? {})
      const reference = content?.[type]?.schema.$ref
      if (!reference) return [code, null]
      const schema = bareName(reference)
      return [code, type === problemType ? schema : { schema, type }]
    }),
  )
}

const problemType = 'application/problem+json'

function queryFact(reader: Reader, parameter: SpecParameter): QueryFact {
  const schema = reader.deep(parameter.schema)
  const values = schema.items ? reader.deep(schema.items)['enum'] : undefined
  const kept = ['type', 'format', 'pattern', 'default', 'minimum', 'maximum', 'enum'].filter(
    (key) => schema[key] !== undefined,
  )
  return {
    ...Object.fromEntries(kept.map((key) => [key, schema[key]])),
    ...(values !== undefined && { enum: values }),
    ...(parameter.required && { required: true }),
    ...(schema['type'] === 'array' && parameter.explode !== false && { explode: true }),
  }
}

function answerOf(reader: Reader, operation: SpecOperation): OperationRow['answer'] {
  const [status = '204', ...others] = Object.keys(operation.responses)
    .filter((code) => /^2/.test(code))
    .sort()
  const response = reader.follow<Content>(operation.responses[status] as SpecSchema)
  const types = Object.keys(response.content ?? {})
  const reference = response.content?.[types[0] ?? '']?.schema.$ref
  const name = reference && bareName(reference)
  const headers = Object.keys(response.headers ?? {}).filter((header) => header !== 'Location')
  return {
    status: Number(status),
    ...(others.length > 0 && { others: others.map(Number) }),
    ...(types.length > 0 && { types }),
    ...(name && { schema: name }),
    ...(response.headers?.['Location'] !== undefined && { location: true as const }),
    ...(headers.length > 0 && { headers }),
    ...(name && shapeOf(name, reader.schemas)),
  }
}

function bodyOf(reader: Reader, operation: SpecOperation): OperationRow['body'] {
  if (!operation.requestBody) return undefined
  const body = reader.follow<Content>(operation.requestBody)
  const types = Object.keys(body.content ?? {})
  const schema = body.content?.[types[0] ?? '']?.schema
  return {
    required: body.required ?? false,
    types,
    schema: schema?.$ref ? bareName(schema.$ref) : inline(schema),
  }
}

/** An array of texts is the one body without a name of its own. */
const textArray = 'TextArray'

function inline(schema: SpecSchema | undefined): string {
  if (schema?.['type'] === 'array' && schema.items?.['type'] === 'string') return textArray
  throw new Error(`a request body that is neither named nor an array of texts: ${JSON.stringify(schema)}`)
}

/** The API group stands in front of every schema name of an operation's own 401 answer. */
const apiOf = (operation: SpecOperation): string =>
  (operation.responses['401']?.$ref ?? '').replace(/^.*\//, '').replace(/_API_.*$/, '')

function shapeOf(name: string, schemas: Schemas): Pick<OperationRow['answer'], 'arrays' | 'links'> {
  const target = (property: CompactSchema): CompactSchema =>
    property.ref === undefined ? property : target(schemas.get(property.ref) ?? {})
  const schema = target({ ref: name })
  if (schema['type'] === 'array') return { arrays: [] }
  const arrays = Object.entries(schema.properties ?? {})
    .filter(([, property]) => target(property)['type'] === 'array')
    .map(([key]) => key)
  const links = Object.keys(target(schema.properties?.['_links'] ?? {}).properties ?? {})
  return { ...(arrays.length > 0 && { arrays }), ...(links.length > 0 && { links }) }
}
