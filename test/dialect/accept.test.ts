import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Ground, openGround } from './ground.ts'
import { rows } from './sample-bodies.ts'

let ground: Ground
beforeAll(async () => {
  ground = await openGround()
})
afterAll(() => ground.close())

/** What clients of v7 say that they take (v7-notes section 4). */
const accepted = [
  ['the official command line', 'application/hal+json, application/json'],
  ['the Go SDK and Terraform', 'application/hal+json,application/json,application/problem+json'],
  ['the MCP community server', 'application/json'],
  ['the Splunk app', 'application/hal+json'],
] as const

describe('Accept', () => {
  test.each(accepted)('of %s is never answered 406', async (_, accept) => {
    const lists = rows.filter(({ method, parameters }) => method === 'GET' && parameters.length === 0)
    expect(lists.length).toBeGreaterThan(50)
    for (const { path } of lists) {
      const { status, headers } = await ground.call('GET', path, { query: 'window=1h', headers: { accept } })
      const type = headers.get('content-type')
      expect({ path, status, type }).toEqual({
        path,
        status: 200,
        type: expect.stringMatching(/^application\/(?:hal\+)?json/),
      })
    }
  })
})
