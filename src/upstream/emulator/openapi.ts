/**
 * The OpenAPI document of v7, rebuilt from the tables under config/v7/: the facts of the official one, without its prose.
 * For programs that generate clients, mocks or checks, and for our own tests, which hold answers against it.
 */
import { readFile } from 'node:fs/promises'
import { configFolder, type OperationRow, type QueryFact } from '#upstream/operation-rows.ts'
import { type ErrorFacts, type Errors, readErrors } from './dialects.ts'
import { loadModel, type Model, type Schema } from './model.ts'

/** A value of an OpenAPI document. */
export type Part = Readonly<Record<string, unknown>>

export interface OpenApiDocument extends Part {
  readonly info: { readonly title: string; readonly version: string }
  readonly paths: Readonly<Record<string, Readonly<Record<string, Part>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Part>> } & Part
}

const reference = (name: string): Part => ({ $ref: `#/components/schemas/${name}` })

const mapValues = <From, To>(
  values: Readonly<Record<string, From>>,
  to: (value: From) => To,
): Record<string, To> => Object.fromEntries(Object.entries(values).map(([name, value]) => [name, to(value)]))

/** A schema of the tables in the words of OpenAPI. */
function schemaOf({ ref, discriminator, ...schema }: Schema): Part {
  if (ref !== undefined)
    // What stands beside a reference is ignored (OpenAPI 3.0.3, Reference Object).
    return Object.keys(schema).length === 0 ? reference(ref) : { ...schema, allOf: [reference(ref)] }
  const { properties, items, oneOf, anyOf, additionalProperties } = schema
  return {
    ...schema,
    ...(properties && { properties: mapValues(properties, schemaOf) }),
    ...(items && { items: schemaOf(items) }),
    ...(oneOf && { oneOf: oneOf.map(schemaOf) }),
    ...(anyOf && { anyOf: anyOf.map(schemaOf) }),
    ...(typeof additionalProperties === 'object' && { additionalProperties: schemaOf(additionalProperties) }),
    ...(discriminator && {
      discriminator: {
        propertyName: discriminator.property,
        mapping: mapValues(discriminator.mapping, (name) => `#/components/schemas/${name}`),
      },
    }),
  }
}

function queryParameter([name, { required, explode, ...fact }]: readonly [string, QueryFact]): Part {
  const { enum: values, ...rest } = fact
  const isList = fact.type === 'array'
  return {
    name,
    in: 'query',
    ...(required && { required }),
    ...(isList && { style: 'form', explode: explode === true }),
    schema: isList
      ? { ...rest, items: { type: 'string', ...(values && { enum: values }) } }
      : { ...rest, ...(values && { enum: values }) },
  }
}

const pathParameter = (name: string): Part => ({
  name,
  in: 'path',
  required: true,
  schema: { type: 'string' },
})

const contentOf = (types: readonly string[], schema: string | undefined): Part =>
  Object.fromEntries(types.map((type) => [type, { schema: schema === undefined ? {} : reference(schema) }]))

const header = (type: 'string' | 'integer'): Part => ({ schema: { type } })

function successOf({ types, schema, location, headers = [] }: OperationRow['answer']): Part {
  const declared = {
    ...(location && { Location: header('string') }),
    ...Object.fromEntries(headers.map((name) => [name, header('integer')])),
  }
  return {
    description: 'Done',
    ...(Object.keys(declared).length > 0 && { headers: declared }),
    ...(types && { content: contentOf(types, schema) }),
  }
}

function errorOf(fact: ErrorFacts[string]): Part {
  if (fact === null) return { description: 'Refused' }
  const { schema, type } =
    typeof fact === 'string' ? { schema: fact, type: 'application/problem+json' } : fact
  return { description: 'Refused', content: contentOf([type], schema) }
}

function operationOf(row: OperationRow, errors: ErrorFacts): Part {
  const { body, answer } = row
  const parameters = [...row.parameters.map(pathParameter), ...Object.entries(row.query).map(queryParameter)]
  return {
    operationId: row.id,
    tags: [row.api],
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: {
        ...(body.required && { required: true }),
        content: contentOf(body.types, body.schema),
      },
    }),
    responses: {
      [answer.status]: successOf(answer),
      ...Object.fromEntries((answer.others ?? []).map((status) => [status, { description: 'Done' }])),
      ...mapValues(errors, errorOf),
    },
  }
}

function pathsOf(rows: readonly OperationRow[], errors: Errors): OpenApiDocument['paths'] {
  const paths: Record<string, Record<string, Part>> = {}
  for (const row of rows) {
    paths[row.path] ??= {}
    Object.assign(paths[row.path] as object, {
      [row.method.toLowerCase()]: operationOf(row, errors[row.id] ?? {}),
    })
  }
  return paths
}

interface DocumentParts {
  readonly model: Pick<Model, 'rows' | 'schemas'>
  readonly errors: Errors
  readonly version: string
  /** Where the service is reached, without a slash at the end. */
  readonly origin: string
}

export const openApiOf = ({ model, errors, version, origin }: DocumentParts): OpenApiDocument => ({
  openapi: '3.0.3',
  info: { title: 'ThousandEyes v7, as Panoptes emulates it', version },
  servers: [{ url: `${origin}/v7` }],
  security: [{ bearer: [] }],
  paths: pathsOf(
    model.rows.filter(({ isExtra }) => !isExtra),
    errors,
  ),
  components: {
    securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
    schemas: mapValues(model.schemas(), schemaOf),
  },
})

async function documentVersion(): Promise<string> {
  const text = await readFile(new URL('v7/document.json', configFolder), 'utf8')
  return (JSON.parse(text) as { readonly version: string }).version
}

/** The document with the documented operations alone. @throws when a table is missing or broken */
export async function loadOpenApi(origin: string): Promise<OpenApiDocument> {
  const [model, version] = await Promise.all([loadModel(), documentVersion()])
  return openApiOf({ model, errors: readErrors(), version, origin })
}
