import type { z } from 'zod'
import { members } from './members.ts'
import { type ControlRefusal, found, refuseWith } from './refusals.ts'

/** What a route answers when it does as asked. */
export interface ControlAnswer {
  readonly status: 200 | 201 | 204
  /** Left out with 204. An object is written as JSON, text as it is. */
  readonly body?: object | string
  /** Of text; JSON has its own. */
  readonly type?: string
  /** The path of what was made. */
  readonly location?: string
}

export interface ControlCall<Body, Query> {
  /** The parameters of the path, decoded. */
  readonly params: Readonly<Record<string, string>>
  readonly query: Query
  readonly body: Body
  /** Fires when the caller has gone. */
  readonly signal: AbortSignal
}

/** A call before anything in it was believed. */
export interface RawCall {
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** Undefined when there was none. */
  readonly body: unknown
  readonly signal: AbortSignal
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface ControlRoute {
  readonly method: Method
  /** With its parameters in braces, as OpenAPI writes it. */
  readonly path: string
  readonly maxBytes: number
  answer(call: RawCall): Promise<ControlAnswer | ControlRefusal>
}

interface Declaration<Body, Query> {
  readonly method: Method
  readonly path: string
  /** Left out: no body, or an empty object. */
  readonly body?: z.ZodType<Body>
  /** Left out: no parameters. */
  readonly query?: z.ZodType<Query>
  readonly maxBytes?: number
  readonly answer: (
    call: ControlCall<Body, Query>,
  ) => ControlAnswer | ControlRefusal | Promise<ControlAnswer | ControlRefusal>
}

const nothing = members({})
const defaultMaxBytes = 64 * 1024

/** The first thing that is wrong: its key, what was found, what is allowed. */
function wordsOf(issues: readonly z.core.$ZodIssue[]): string {
  const [issue] = issues
  const path = issue?.path.map(String) ?? []
  if (issue?.code === 'unrecognized_keys') {
    const key = [...path, issue.keys[0]].join('.')
    return `${key.slice(0, 80)}: found something unknown; ${issue.message}`
  }
  const words = `${found(issue?.input)}; ${issue?.message}`
  return path.length === 0 ? words : `${path.join('.')}: ${words}`
}

/** Of a parameter that stands twice nothing is believed. */
function repeatedParameter(query: URLSearchParams): ControlRefusal | undefined {
  const names = [...query.keys()]
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  return twice === undefined
    ? undefined
    : refuseWith(400, 'invalid_query', `${twice.slice(0, 80)}: found it twice; allowed is once`)
}

/** Declares a route. What reaches `answer` was checked: no unknown member or parameter, none of the wrong kind. */
export function route<Body = unknown, Query = unknown>(declared: Declaration<Body, Query>): ControlRoute {
  const { method, path, maxBytes = defaultMaxBytes } = declared
  const querySchema = (declared.query ?? nothing) as z.ZodType<Query>
  const bodySchema = (declared.body ?? nothing.optional()) as z.ZodType<Body>
  return {
    method,
    path,
    maxBytes,
    async answer({ params, query, body, signal }) {
      const repeated = repeatedParameter(query)
      if (repeated) return repeated
      const checkedQuery = querySchema.safeParse(Object.fromEntries(query), { reportInput: true })
      if (!checkedQuery.success) return refuseWith(400, 'invalid_query', wordsOf(checkedQuery.error.issues))
      const checkedBody = bodySchema.safeParse(body, { reportInput: true })
      if (!checkedBody.success) return refuseWith(422, 'invalid_body', wordsOf(checkedBody.error.issues))
      return declared.answer({ params, query: checkedQuery.data, body: checkedBody.data, signal })
    },
  }
}
