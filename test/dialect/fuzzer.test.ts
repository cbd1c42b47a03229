import fuzzer, { type FuzzedRequest } from 'openapi-fuzzer-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Came, type Ground, openGround } from './ground.ts'
import type { Part } from './json-schema.ts'
import { rows } from './sample-bodies.ts'
import { swaggerOf } from './swagger.ts'

/** So many requests are one round; all of them, some sixteen thousand, take minutes. */
const every = 11

let ground: Ground
let fuzzed: readonly FuzzedRequest[]
beforeAll(async () => {
  ground = await openGround({ PANOPTES_FIDELITY: 'spec' })
  const document = await fetch(`${ground.service.url}/emulator/v7/openapi.json`)
  fuzzed = fuzzer.swagger(swaggerOf((await document.json()) as Part))
}, 120_000)
afterAll(() => ground.close())

const filled = (path: string, values: Readonly<Record<string, unknown>> = {}): string =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values[name] ?? 'none')))

async function send({ request }: FuzzedRequest): Promise<Came> {
  const { method, path, pathParams, queryParams = {}, body } = request
  const query = new URLSearchParams(
    Object.fromEntries(Object.entries(queryParams).map(([name, value]) => [name, String(value)])),
  )
  return ground.call(method.toUpperCase(), filled(path, pathParams), {
    query: query.toString(),
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
}

/** Fixed words of one path may be an id in another one, which then has the method (v7-notes section 5). */
const isElsewhere = ({ request }: FuzzedRequest): boolean => {
  const path = filled(request.path)
  return rows.some(
    (row) =>
      row.method === request.method.toUpperCase() &&
      new RegExp(`^${row.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path),
  )
}

/** Clients that send their models whole send null for what they leave out, so that null is no wrong type to us. */
const leavesOut = ({ request: { body } }: FuzzedRequest): boolean =>
  body !== null && /\bnull\b/.test(JSON.stringify(body) ?? '')

const shown = ({ request: { method, path, body } }: FuzzedRequest): string =>
  `${method} ${path} ${(JSON.stringify(body) ?? '').slice(0, 200)}`

const isProblem = ({ headers, body, status }: Came): boolean =>
  /^application\/(?:problem\+)?json/.test(headers.get('content-type') ?? '') &&
  (body?.status === status || body?.httpStatus !== undefined || body?.errors !== undefined)

/** Streams have no body for some of their errors. */
const mayBeEmpty = ({ request: { path } }: FuzzedRequest): boolean => path.startsWith('/streams')

function isRight(one: FuzzedRequest, came: Came): boolean {
  const { status } = came
  const mayDiffer = (one.name === 'METHOD' && isElsewhere(one)) || leavesOut(one)
  if (status >= 500 || !(mayDiffer || one.expect.status.includes(status))) return false
  return status < 400 || mayBeEmpty(one) || isProblem(came)
}

describe('requests of openapi-fuzzer-core, which reads our document', () => {
  test('are many, of each of its kinds', () => {
    const kinds = Map.groupBy(fuzzed, ({ name }) => name)
    expect([...kinds.keys()].toSorted()).toEqual(['BODY', 'METHOD', 'PATH', 'QUERY PARAMS'])
    expect(fuzzed.length).toBeGreaterThan(10_000)
  })

  test('are refused as it expects, each with a problem', async () => {
    const wrong: string[] = []
    for (const one of fuzzed.filter((_, index) => index % every === 0)) {
      const came = await send(one)
      if (!isRight(one, came)) wrong.push(`${shown(one)}: ${came.status} ${came.text.slice(0, 200)}`)
    }
    expect(wrong, wrong.join('\n')).toEqual([])
  }, 120_000)

  test('create nothing out of null', async () => {
    for (const row of rows.filter(({ method, body }) => method === 'POST' && body?.required)) {
      if (row.parameters.length > 0) continue
      const { status } = await ground.call('POST', row.path, { body: 'null' })
      expect({ path: row.path, status }).toEqual({ path: row.path, status: 400 })
    }
  })
})
