/** Our OpenAPI document in the older form, Swagger 2.0, that the fuzzer of npm reads: requests alone, references written out. */
import { follow, isPart, type Part } from './json-schema.ts'

/** Deep enough for what is refused; schemas of dashboards and templates contain themselves. */
const deepest = 4

const scalarWords = ['type', 'format', 'enum', 'minimum', 'maximum', 'example', 'required']

function written(document: Part, given: unknown, depth: number): Part {
  const schema = follow(document, given)
  const { properties, items } = schema
  const kept = Object.fromEntries(
    scalarWords.flatMap((word) => (word in schema ? [[word, schema[word]]] : [])),
  )
  if (depth === 0) return {}
  const open = isPart(properties)
    ? Object.entries(properties).filter(([, one]) => follow(document, one)['readOnly'] !== true)
    : []
  return {
    ...kept,
    ...(isPart(properties) && {
      type: 'object',
      properties: Object.fromEntries(open.map(([name, one]) => [name, written(document, one, depth - 1)])),
      required: ((schema['required'] as string[] | undefined) ?? []).filter((key) =>
        open.some(([name]) => name === key),
      ),
    }),
    ...(items !== undefined && { items: written(document, items, depth - 1) }),
  }
}

/** A list in a query may be written in several ways, which the older form has other words for. */
const isPlain = (parameter: Part): boolean => follow({}, parameter['schema'])['type'] !== 'array'

interface Operation extends Part {
  readonly operationId: string
  readonly parameters?: readonly Part[]
  readonly requestBody?: Part
}

export interface Swagger {
  readonly basePath: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Part>>>>
  readonly definitions: Readonly<Record<string, Part>>
}

export function swaggerOf(document: Part): Swagger {
  const definitions: Record<string, Part> = {}
  const flat = ({ schema, ...parameter }: Part): Part => ({ ...parameter, ...(isPart(schema) && schema) })
  const operation = ({ operationId, parameters = [], requestBody }: Operation): Part => {
    const content = isPart(requestBody?.['content']) ? requestBody['content'] : {}
    const json = content['application/json']
    if (isPart(json)) definitions[operationId] = written(document, json['schema'], deepest)
    return {
      operationId,
      parameters: [
        ...parameters.filter(isPlain).map(flat),
        ...(isPart(json)
          ? [{ name: 'body', in: 'body', schema: { $ref: `#/definitions/${operationId}` } }]
          : []),
      ],
    }
  }
  const paths = Object.fromEntries(
    Object.entries(document['paths'] as Readonly<Record<string, Readonly<Record<string, Operation>>>>).map(
      ([path, item]) => [
        path,
        Object.fromEntries(Object.entries(item).map(([method, one]) => [method, operation(one)])),
      ],
    ),
  )
  return { basePath: '', paths, definitions }
}
