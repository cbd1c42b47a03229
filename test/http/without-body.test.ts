import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rawExchange, statusesOf } from '../gateway/raw-exchange.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'

let panoptes: RunningPanoptes
beforeAll(async () => {
  panoptes = await startPanoptes()
})
afterAll(() => panoptes.stop())

const documentedToken = 'f537f4ac-2921-3199-bbab-d5a43f1c2b60'

/** As `curl -X POST` sends it: neither a length nor chunks, which is no body at all (RFC 9112 §6.3). */
const bare = (requestLine: string, headers: readonly string[] = []): string =>
  [`${requestLine} HTTP/1.1`, `Host: ${new URL(panoptes.url).host}`, ...headers, '', ''].join('\r\n')

const ask = async (requestLine: string, headers: readonly string[] = []): Promise<string> =>
  rawExchange(Number(new URL(panoptes.url).port), bare(requestLine, headers))

const form = 'Content-Type: application/x-www-form-urlencoded'
const json = 'Content-Type: application/json'
const bearer = `Authorization: Bearer ${documentedToken}`

describe('a request that announces no body', () => {
  test.each([
    ['POST /v7/oauth2/token', [form], 400],
    ['POST /v7/oauth2/token', [], 400],
    ['POST /v7/oauth2/device/authorization', [form], 400],
    ['POST /v7/oauth2/introspect', [form], 400],
    ['POST /v7/oauth2/revoke', [], 400],
    ['POST /v7/oauth2/clients', [json], 400],
    ['POST /oauth2/device', [form], 400],
    ['POST /login', [form], 404],
    ['POST /account/disconnect', [form], 303],
    ['POST /emulator/tokens', [json], 422],
    ['POST /emulator/faults', [], 422],
    ['DELETE /emulator/faults', [], 204],
    ['POST /v7/tests/http-server', [bearer, json], 400],
    ['PUT /v7/tests/http-server/1', [bearer], 400],
    ['DELETE /v7/tests/http-server/1', [bearer], 404],
    ['GET /v7/tests', [bearer, json], 200],
  ] as const)('%s with %j is answered as what it is: %i', async (requestLine, headers, status) => {
    expect(statusesOf(await ask(requestLine, headers))).toEqual([status])
  })

  test('leaves its connection to the requests behind it, in their order', async () => {
    const port = Number(new URL(panoptes.url).port)
    const together = [
      bare('GET /v7/tests', [bearer]),
      bare('POST /v7/oauth2/token', [form]),
      bare('GET /v7/users/current', [bearer]),
      bare('POST /v7/oauth2/revoke', [form, 'Content-Length: 7']),
      'token=a',
      bare('GET /v7/agents', [bearer]),
    ]
    expect(statusesOf(await rawExchange(port, together.join('')))).toEqual([200, 400, 200, 400, 200])
  })
})
