import { expect, test } from 'vitest'
import { openCalls } from './emulator-calls.ts'
import { violations } from './schema-check.ts'

test('POST /api-tokens gives a new token to the call that presents one', async () => {
  const calls = await openCalls()
  const { status, headers, body } = await calls.call('POST', '/api-tokens', { presentedToken: 'old' })
  expect(status).toBe(201)
  expect(headers).toMatchObject({
    'content-type': 'application/hal+json;charset=UTF-8',
    'cache-control': 'no-store',
  })
  expect(violations('ApiToken', body)).toEqual([])
  expect(body.bearerToken).toMatch(/^[\da-f-]{36}$/)
})

test('POST /api-tokens is refused in words without a User API Token', async () => {
  const calls = await openCalls()
  const { status, body } = await calls.call('POST', '/api-tokens')
  expect([status, body.detail]).toEqual([403, expect.stringContaining('User API Token')])
})
