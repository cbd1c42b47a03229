import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { balancer } from '../../scripts/cluster/balancer.ts'
import type { NodeAddress, Readiness } from '../../scripts/cluster/readiness.ts'

async function listening(server: Server): Promise<NodeAddress> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, operatorUrl: url }
}

const node = (listener: RequestListener): Promise<NodeAddress> => listening(createServer(listener))

/** A node that takes connections no longer. */
async function goneNode(): Promise<NodeAddress> {
  const server = createServer()
  const address = await listening(server)
  server.close()
  await once(server, 'close')
  return address
}

interface Balanced {
  readonly url: string
  readonly refused: readonly NodeAddress[]
}

/** A balancer over nodes in an order that stays. */
async function balance(...nodes: readonly NodeAddress[]): Promise<Balanced> {
  const refused: NodeAddress[] = []
  const readiness: Readiness = {
    inTurn: () => nodes,
    refused: (one) => void refused.push(one),
    isReady: () => true,
    stop: () => undefined,
  }
  return { url: (await listening(balancer(readiness))).url, refused }
}

interface CountingNode {
  readonly address: NodeAddress
  count(): number
}

/** Reads each request to its end, and ends its connection without an answer. */
async function dyingNode(): Promise<CountingNode> {
  let count = 0
  const address = await node((request) => {
    count += 1
    request.resume().on('end', () => request.socket.destroy())
  })
  return { address, count: () => count }
}

const hello: RequestListener = (request, response) => {
  request.resume()
  response.end('hello')
}

const post = { method: 'POST', body: 'a=b' } as const

describe('the balancer', () => {
  test.each([{ method: 'GET' }, post])(
    'goes on to the next node when a connection is refused: $method',
    async (init) => {
      const gone = await goneNode()
      const { url, refused } = await balance(gone, await node(hello))
      const answer = await fetch(url, init)
      expect([answer.status, await answer.text()]).toEqual([200, 'hello'])
      expect(refused).toEqual([gone])
    },
  )

  test('sends the whole body to the node that takes it', async () => {
    const bodies: string[] = []
    const echo = await node(async (request, response) => {
      bodies.push(await text(request))
      response.end()
    })
    const body = 'x'.repeat(300_000)
    const { url } = await balance(await goneNode(), echo)
    expect((await fetch(url, { method: 'POST', body })).status).toBe(200)
    expect(bodies).toEqual([body])
  })

  test('repeats a GET whose node ended before it answered', async () => {
    const dying = await dyingNode()
    const { url } = await balance(dying.address, await node(hello))
    expect(await (await fetch(url)).text()).toBe('hello')
    expect(dying.count()).toBe(1)
  })

  test.each([post, { method: 'DELETE' }, { method: 'PUT', body: '' }])(
    'repeats no $method that may have reached a node: 502',
    async (init) => {
      const dying = await dyingNode()
      let others = 0
      const { url, refused } = await balance(
        dying.address,
        await node((request, response) => {
          others += 1
          hello(request, response)
        }),
      )
      const answer = await fetch(url, init)
      expect(answer.status).toBe(502)
      expect(answer.headers.get('retry-after')).toBe('1')
      expect([dying.count(), others, refused]).toEqual([1, 0, []])
    },
  )

  test('answers 503 when no node is ready, and when each refuses', async () => {
    for (const { url } of [await balance(), await balance(await goneNode(), await goneNode())]) {
      const answer = await fetch(url, post)
      expect(answer.status).toBe(503)
      expect(answer.headers.get('retry-after')).toBe('1')
    }
  })

  test('tells the node who is calling, whatever the caller says, and hands on all else as it came', async () => {
    let seen: IncomingMessage | undefined
    const { url } = await balance(
      await node((request, response) => {
        seen = request
        hello(request, response)
      }),
    )
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    const lines = [
      'GET /a?b=%2F&c HTTP/1.1',
      'Host: panoptes.example',
      'X-Forwarded-For: 192.0.2.1',
      'x-forwarded-proto: https',
      'Forwarded: for=192.0.2.1',
      'Cookie: a=1',
      'X-Twice: 1',
      'X-Twice: 2',
      'X-Hop: 1',
      'Connection: close, x-hop',
    ]
    socket.write(`${lines.join('\r\n')}\r\n\r\n`)
    await text(socket)
    expect(seen?.url).toBe('/a?b=%2F&c')
    expect(seen?.headers).toMatchObject({
      host: 'panoptes.example',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      cookie: 'a=1',
    })
    expect(seen?.headersDistinct['x-twice']).toEqual(['1', '2'])
    expect(seen?.headers).not.toHaveProperty('forwarded')
    expect(seen?.headers).not.toHaveProperty('x-hop')
  })

  test('keeps the connection of a client whose node closes its own', async () => {
    const { url } = await balance(
      await node((request, response) => {
        response.setHeader('Connection', 'close')
        response.setHeader('Set-Cookie', ['a=1', 'b=2'])
        hello(request, response)
      }),
    )
    const answer = await fetch(url)
    expect(answer.headers.get('connection')).toBe('keep-alive')
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
  })

  test('streams an answer as it comes, and lets the node know when the client leaves', async () => {
    let left: Promise<unknown[]> | undefined
    const { url } = await balance(
      await node((_, response) => {
        left = once(response, 'close')
        response.write('first')
      }),
    )
    const leaving = new AbortController()
    const answer = await fetch(url, { signal: leaving.signal })
    const chunk = await answer.body?.getReader().read()
    expect(new TextDecoder().decode(chunk?.value)).toBe('first')
    leaving.abort()
    await left
  })

  test('breaks off an answer that its node broke off', async () => {
    const { url } = await balance(
      await node((request, response) => {
        response.writeHead(200, { 'Content-Length': '100' })
        response.write('half')
        setTimeout(() => request.socket.destroy(), 20)
      }),
    )
    const answer = await fetch(url)
    await expect(answer.text()).rejects.toThrow()
  })
})
