import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attacksOf } from '../authorization-server/attacks.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'
import { newest } from './explained.ts'

const values = [...attacksOf('pages-values.txt'), 'a'.repeat(4_000)]

let service: RunningPanoptes
beforeAll(async () => {
  service = await startPanoptes(['--limits', 'off'])
})
afterAll(() => service?.stop())

function expectDecent(html: string): void {
  // An event attribute counts outside of quotes only: inside of them it is text.
  expect(html).not.toMatch(/<[a-z](?:[^>"]|"[^"]*")*?\son\w+=/i)
  const withoutOwn = html.replace(
    /<script type="module" src="\/script\/inspector\.js\?v=[\w-]+"><\/script>/,
    '',
  )
  expect(withoutOwn).not.toMatch(/<script|<img|<svg\/|href="(?:javascript|https:evil|\/\/evil)/i)
  expect(html).not.toMatch(/\bat .+\.(?:ts|js):\d+|node_modules/)
}

describe('the inspector and hostile values', () => {
  test.each([
    ['/inspector', 'name'],
    ['/inspector', 'status'],
    ['/inspector', 'surface'],
    ['/inspector/flow', 'of'],
  ])('%s?%s= takes any of them', async (path, name) => {
    for (const value of values) {
      const answer = await fetch(`${service.url}${path}?${new URLSearchParams({ [name]: value })}`)
      expect(answer.status).toBe(200)
      expectDecent(await answer.text())
    }
  })

  test('a target that names another server gets no command to paste', async () => {
    const { hostname, port } = new URL(service.url)
    const socket = connect(Number(port), hostname)
    socket.end(`GET m://evil.example HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: close\r\n\r\n`)
    await once(socket.resume(), 'close')
    const { id } = await newest(service, {})
    const html = await (await fetch(`${service.url}/inspector/exchanges/${id}`)).text()
    expect(html).toContain('GET m://evil.example')
    expect(html).toContain('There is no command for it')
    expect(html).not.toContain('curl')
  })

  test('what others sent to the service is shown as text, in the list, alone and in its flow', async () => {
    for (const value of values.filter((one) => one.isWellFormed())) {
      const query = new URLSearchParams({ client_id: value, state: value, [value.slice(0, 100)]: value })
      await fetch(`${service.url}/oauth2/authorize?${query}`)
      await fetch(`${service.url}/v7/oauth2/token`, { method: 'POST', body: query })
      const { lastId } = (await (await fetch(`${service.url}/emulator/journal?limit=1`)).json()) as {
        lastId: number
      }
      for (const path of [
        '/inspector',
        `/inspector/exchanges/${lastId}`,
        `/inspector/flow?of=${lastId - 1}`,
      ]) {
        const answer = await fetch(`${service.url}${path}`)
        expect(answer.status, `${path} after ${value}`).toBe(200)
        expectDecent(await answer.text())
      }
    }
  }, 60_000)
})
