import type { Operation } from '#domain/operation.ts'
import type { UpstreamRequest } from '#upstream/upstream.ts'

/** The path of an operation as text and names of parameters in turn: even places are text. */
type Template = readonly string[]

const templates = new WeakMap<Operation, Template>()

function templateOf(operation: Operation): Template {
  const known = templates.get(operation)
  if (known) return known
  const template = `/v7${operation.path}`.split(/[{}]/)
  templates.set(operation, template)
  return template
}

function pathOf({ operation, parameters }: UpstreamRequest): string {
  let path = ''
  templateOf(operation).forEach((part, place) => {
    path += place % 2 === 0 ? part : encodeURIComponent(parameters[part] ?? '')
  })
  return path
}

/** What the document of the operation names, and nothing else; `aid` as the gateway settled it. */
function queryOf({ operation, query, accountGroup }: UpstreamRequest): string {
  let text = ''
  const add = (name: string, value: string): void => {
    text += `${text === '' ? '?' : '&'}${encodeURIComponent(name)}=${encodeURIComponent(value)}`
  }
  if (query.size > 0)
    for (const [name, value] of query) if (name !== 'aid' && operation.query.includes(name)) add(name, value)
  // Said also where the caller said nothing: the upstream's own idea of the login account group may be another by now.
  if (accountGroup !== undefined && operation.takesAccountGroup) add('aid', accountGroup)
  return text
}

/**
 * The target of the request, made from the matched operation. Of what the caller wrote only decoded values are in it, encoded
 * anew, so that it has one reading (security-cases G12, libraries: trap 10).
 */
export const targetOf = (request: UpstreamRequest): string => pathOf(request) + queryOf(request)
