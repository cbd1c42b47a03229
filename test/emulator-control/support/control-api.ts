import { readFileSync } from 'node:fs'
import { load } from 'js-yaml'
import { type Document, resolved, type Schema, violations } from './schema-check.ts'

export const document = load(
  readFileSync(new URL('../../../config/control/openapi.yaml', import.meta.url), 'utf8'),
) as Document

export const methods = ['get', 'put', 'post', 'patch', 'delete'] as const

/** Every operation of the document, as `GET /emulator/clock`. */
export const documented: readonly string[] = Object.entries(document.paths).flatMap(([path, item]) =>
  methods.filter((method) => method in item).map((method) => `${method.toUpperCase()} ${path}`),
)

/** The schema of a documented answer; undefined when the document has none, as for 204. */
function schemaOf(method: string, path: string, status: number): Schema | undefined {
  const template = Object.keys(document.paths).find((one) =>
    new RegExp(`^${one.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '[^/]+')}$`).test(path),
  )
  const operation = template && document.paths[template]?.[method.toLowerCase()]
  if (!operation) throw new Error(`${method} ${path} is not documented`)
  const { responses } = operation as { readonly responses: Readonly<Record<string, unknown>> }
  const answer = resolved(document, responses[String(status)] ?? responses['default'])
  if (responses[String(status)] === undefined && status < 400)
    throw new Error(`${method} ${path} is not documented to answer ${status}`)
  const [content] = Object.values((answer['content'] ?? {}) as Record<string, { readonly schema: Schema }>)
  return content?.schema
}

export interface ControlAnswer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for
  readonly body: any
}

export type Ask = (method: string, path: string, body?: unknown) => Promise<ControlAnswer>

/**
 * Asks the control API as any program would. Every answer is checked against the document: its status, its schema.
 * @param url the origin of a workspace
 */
export const controlApi =
  (url: string): Ask =>
  async (method, path, body) => {
    const answer = await fetch(`${url}/emulator${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    const isJson = /json/.test(answer.headers.get('content-type') ?? '')
    const said: unknown = isJson ? JSON.parse(text) : text
    const { pathname } = new URL(`${url}/emulator${path}`)
    const schema = schemaOf(method, pathname, answer.status)
    const wrong = schema ? violations(document, schema, said) : text && ['a body where none is documented']
    if (wrong && wrong.length > 0) throw new Error(`${method} ${path}: ${wrong.join('; ')}`)
    return { status: answer.status, headers: answer.headers, body: said }
  }
