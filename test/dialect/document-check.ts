/** Holds answers against an OpenAPI document by ajv, a JSON Schema validator that knows nothing of our engine. */
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import { definitions, follow, isPart, jsonSchema, type Part, type Reading } from './json-schema.ts'

export interface Answered {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

export interface DocumentCheck {
  readonly version: string
  /** What is wrong with an answer of an operation; nothing when it is as the document says. */
  check(operationId: string, answer: Answered): readonly string[]
  /** What is wrong with a request body. */
  checkBody(operationId: string, body: unknown): readonly string[]
}

/** Formats that the document uses without contradicting itself; the others are words for people. */
const formats: Readonly<Record<string, RegExp>> = {
  'date-time': /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/,
  date: /^\d{4}-\d{2}-\d{2}$/,
  email: /^[^\s@]+@[^\s@]+$/,
  ipv4: /^\d{1,3}(?:\.\d{1,3}){3}$/,
  uuid: /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i,
}

const words = ({ instancePath, message, params }: ErrorObject): string =>
  `${instancePath || '/'} ${message} ${JSON.stringify(params)}`

type Judge = (schema: unknown, value: unknown) => readonly string[]

/** Judges values by schemas of one document; each is compiled when it is first asked of. */
function judgeOf(reading: Reading): Judge {
  const options = { strict: false, allErrors: true, formats, logger: false, unicodeRegExp: false } as const
  const ajv = new Ajv(options).addSchema(definitions(reading))
  const compiled = new Map<string, ValidateFunction>()
  return (schema, value) => {
    const key = JSON.stringify(schema)
    const validate = compiled.get(key) ?? ajv.compile(jsonSchema(reading, schema, '') as Part)
    compiled.set(key, validate)
    return validate(value) ? [] : (validate.errors ?? []).map(words)
  }
}

const methods = ['get', 'post', 'put', 'patch', 'delete']

function operationsOf(document: Part): (id: string) => Part {
  const items = Object.values(document['paths'] as Readonly<Record<string, Part>>)
  const operations = items.flatMap((item) => methods.map((method) => item[method]).filter(isPart))
  const byId = new Map(operations.map((operation) => [operation['operationId'], operation]))
  return (id) => {
    const operation = byId.get(id)
    if (!operation) throw new Error(`the document has no operation ${id}`)
    return operation
  }
}

const mediaType = (header: string | null): string => header?.split(';', 1)[0]?.trim().toLowerCase() ?? ''

const contentOf = ({ content }: Part): Part => (isPart(content) ? content : {})

function contentProblems(declared: Part, { headers, text }: Answered, judge: Judge): readonly string[] {
  const types = Object.keys(contentOf(declared))
  if (types.length === 0) return text === '' ? [] : ['a body where none is declared']
  const type = mediaType(headers.get('content-type'))
  const chosen = contentOf(declared)[type]
  return isPart(chosen)
    ? judge(chosen['schema'], JSON.parse(text))
    : [`content type ${type || 'none'}, declared are ${types.join(', ')}`]
}

/** @param closed whether keys that no schema declares are wrong in an answer */
export function documentCheck(document: Part, { closed }: Pick<Reading, 'closed'>): DocumentCheck {
  const answers = judgeOf({ document, closed, way: 'response' })
  const bodies = judgeOf({ document, closed, way: 'request' })
  const named = operationsOf(document)
  return {
    version: String((document['info'] as Part)['version']),
    check(id, answer) {
      const responses = named(id)['responses'] as Part
      if (responses[answer.status] === undefined)
        return [`status ${answer.status}, declared are ${Object.keys(responses).join(', ')}`]
      const declared = follow(document, responses[answer.status])
      const missing = Object.keys((declared['headers'] as Part | undefined) ?? {})
        .filter((name) => answer.headers.get(name) === null)
        .map((name) => `header ${name} is missing`)
      return [...missing, ...contentProblems(declared, answer, answers)]
    },
    checkBody(id, body) {
      const [first] = Object.values(contentOf(follow(document, named(id)['requestBody'])))
      return bodies(isPart(first) ? first['schema'] : {}, body)
    },
  }
}
