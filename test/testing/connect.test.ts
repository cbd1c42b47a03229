import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectPanoptes, PanoptesRefusal, startPanoptes } from '../../src/testing.ts'
import { statusOf } from '../emulator-control/support/oauth.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const emulator = spawn(process.execPath, [main, '--port', '0', '--operator-port', '0', '--json'], {
  stdio: ['ignore', 'pipe', 'ignore'],
})
let url = ''
beforeAll(async () => {
  const [line] = (await once(createInterface(emulator.stdout), 'line')) as [string]
  url = JSON.parse(line).url
}, 30_000)
afterAll(async () => {
  emulator.kill('SIGTERM')
  await once(emulator, 'exit')
})

describe('connectPanoptes', () => {
  test('has the helpers for an emulator in another process', async () => {
    const panoptes = await connectPanoptes(`${url}/playground`)
    expect(panoptes.url).toBe(url)
    const wish = { integration: 'sd-wan-manager', user: 'ops@acme.example' }
    const { access_token: token } = await panoptes.tokens.mint(wish)
    expect(await statusOf(url, token)).toBe(200)
    await panoptes.journal.expect({ name: 'getTests', status: 200 })
    await using workspace = await panoptes.workspaces.create('over-there')
    expect(await statusOf(workspace.url, token)).toBe(401)
    await panoptes.reset()
    expect(await statusOf(url, token)).toBe(401)
  })

  test('uses a fetch of one’s own', async () => {
    const asked: string[] = []
    const panoptes = await connectPanoptes(url, {
      fetch: (to, request) => {
        asked.push(`${request.method} ${to.replace(url, '')}`)
        return fetch(to, request)
      },
    })
    await panoptes.clock.read()
    expect(asked).toEqual(['GET /emulator', 'GET /emulator/clock'])
  })

  test('trusts a certificate that is given', async () => {
    await using secure = await startPanoptes({ tls: true })
    const panoptes = await connectPanoptes(secure.url, { ca: secure.ca })
    await panoptes.clock.advance('1h')
    expect((await secure.clock.read()).aheadSeconds).toBeCloseTo(3_600, 0)
    await expect(connectPanoptes(secure.url)).rejects.toThrow()
  })

  test('says that something is no emulator', async () => {
    const server = createServer((_request, response) => response.writeHead(404).end('nothing'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const nothing = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const refused = connectPanoptes(nothing)
    await expect(refused).rejects.toBeInstanceOf(PanoptesRefusal)
    await expect(refused).rejects.toThrow(
      `${nothing} has no control API; allowed is the origin of an emulator`,
    )
    server.close()
    server.closeAllConnections()
  })
})
