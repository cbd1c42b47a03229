import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { OpenApiDocument } from '#upstream/emulator/openapi.ts'
import { documentCheck } from './document-check.ts'
import { type Ground, openGround } from './ground.ts'
import { definitions } from './json-schema.ts'
import { rows } from './sample-bodies.ts'

let ground: Ground
beforeAll(async () => {
  ground = await openGround()
})
afterAll(() => ground.close())

const fetched = async (): Promise<OpenApiDocument> => {
  const answer = await fetch(`${ground.service.url}/emulator/v7/openapi.json`)
  return (await answer.json()) as OpenApiDocument
}

describe('the OpenAPI document of v7', () => {
  test('has every documented operation, and says where this workspace serves it', async () => {
    const { info, paths, ...rest } = await fetched()
    expect({ openapi: rest['openapi'], servers: rest['servers'], info }).toEqual({
      openapi: '3.0.3',
      info: { title: expect.any(String), version: '7.0.99' },
      servers: [{ url: `${ground.service.url}/v7` }],
    })
    const found = Object.entries(paths as object).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => [
        (operation as { operationId: string }).operationId,
        method.toUpperCase(),
        path,
      ]),
    )
    expect(found.toSorted()).toEqual(rows.map(({ id, method, path }) => [id, method, path]).toSorted())
  })

  test('refers to nothing that it does not have', async () => {
    const document = await fetched()
    const has = (reference: string): boolean =>
      reference
        .slice(2)
        .split('/')
        .reduce(
          (at: Record<string, unknown> | undefined, key) => at?.[key] as Record<string, unknown>,
          document,
        ) !== undefined
    const references = [...JSON.stringify(document).matchAll(/"(#\/components\/[^"]+)"/g)].map(
      ([, one = '']) => one,
    )
    expect(references.length).toBeGreaterThan(1_000)
    expect(references.filter((one) => !has(one))).toEqual([])
  })

  test('tells a wrong answer from a right one', async () => {
    const document = await fetched()
    expect(Object.keys(definitions({ document, way: 'response', closed: true }))).toEqual(['$id', '$defs'])
    const { check } = documentCheck(document, { closed: true })
    const hal = new Headers({ 'content-type': 'application/hal+json;charset=UTF-8' })
    const judged = (headers: Headers, body: object, status = 200) =>
      check('getTests', { status, headers, text: JSON.stringify(body) })
    expect(judged(hal, { tests: [], _links: { self: { href: 'http://localhost/v7/tests' } } })).toEqual([])
    expect(judged(hal, { tests: [], _links: { self: {} } })).toEqual([
      `/_links/self must have required property 'href' {"missingProperty":"href"}`,
    ])
    expect(judged(hal, { tests: [], more: 1 })).toEqual([
      '/ must NOT have additional properties {"additionalProperty":"more"}',
    ])
    expect(judged(hal, { tests: 1 })).toEqual(['/tests must be array {"type":"array"}'])
    expect(judged(new Headers({ 'content-type': 'text/html' }), {})).toEqual([
      'content type text/html, declared are application/hal+json',
    ])
    expect(judged(hal, {}, 201)).toEqual(['status 201, declared are 200, 401, 403, 404, 429, 500, 502'])
  })
})
