import { once } from 'node:events'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import type { Listener } from '../../src/traffic/observe.ts'
import { rawExchange } from './raw-exchange.ts'
import { startObserved } from './start-observed.ts'

const say =
  (text: string): Listener =>
  (_request, response) => {
    response.setHeader('Content-Type', 'text/plain')
    response.end(text)
  }

/** Answers with the body that it was sent. */
const echo: Listener = (request, response) => {
  const pieces: Buffer[] = []
  request.on('data', (piece: Buffer) => pieces.push(piece))
  request.on('end', () => {
    const body = Buffer.concat(pieces)
    response.writeHead(200, ['Content-Type', 'text/plain', 'Content-Length', String(body.length)])
    response.end(body)
  })
}

describe('an observed listener', () => {
  test('is noted with request and answer, on both clocks', async () => {
    await using served = await startObserved((_request, response) => {
      served.timers.pass(12)
      response.writeHead(201, ['Content-Type', 'application/json', 'X-Request-Id', 'abc.1'])
      response.end('{"tests":[]}', 'latin1')
    })
    await fetch(`${served.url}/v7/getTests?aid=1101`, { headers: { 'X-Mine': 'yes' } })
    const [exchange] = await served.exchanges(1)
    expect(exchange).toMatchObject({
      id: 1,
      at: served.clock.now(),
      durationMs: 12,
      surface: 'v7',
      name: 'getTests',
      method: 'GET',
      path: '/v7/getTests',
      query: [['aid', '1101']],
      address: '127.0.0.1',
      body: undefined,
      answer: {
        status: 201,
        headers: [
          ['Content-Type', 'application/json'],
          ['X-Request-Id', 'abc.1'],
        ],
        body: { text: '{"tests":[]}', bytes: 12, isCut: false },
        isWhole: true,
      },
      fault: undefined,
      notes: [],
    })
    expect(exchange?.headers).toContainEqual(['X-Mine', 'yes'])
  })

  test.each<[string, Listener]>([
    ['one end', say('hello')],
    [
      'a head that is implied by a write',
      (_, response) => {
        response.write('hel')
        response.end('lo')
      },
    ],
    [
      'an object of headers',
      (_, response) => void response.writeHead(200, { 'X-A': ['1', '2'] }).end('hello'),
    ],
    ['a reason phrase', (_, response) => void response.writeHead(200, 'Fine', ['X-A', '1']).end('hello')],
    [
      'pieces in another encoding',
      (_, response) => {
        response.write('aGVs', 'base64')
        response.end('bG8=', 'base64')
      },
    ],
    ['bytes', (_, response) => void response.end(new TextEncoder().encode('hello'))],
    ['a stream', (_, response) => void Readable.from(['he', 'll', 'o']).pipe(response)],
    ['an end without a piece', (_, response) => void response.write('hello', () => response.end())],
  ])('sends and notes an answer written by %s', async (_, listener) => {
    await using served = await startObserved(listener)
    const answer = await fetch(served.url)
    expect(await answer.text()).toBe('hello')
    const [exchange] = await served.exchanges(1)
    expect(exchange?.answer).toMatchObject({
      status: 200,
      body: { text: 'hello', bytes: 5, isCut: false },
      isWhole: true,
    })
  })

  test('notes headers that were set one by one together with those of the head', async () => {
    await using served = await startObserved((_request, response) => {
      response.setHeader('X-A', '1')
      response.setHeader('Set-Cookie', ['a=; Path=/', 'b=; Path=/'])
      response.writeHead(200, ['X-B', '2'])
      response.end()
    })
    await fetch(served.url)
    const [exchange] = await served.exchanges(1)
    expect(exchange?.answer?.headers.toSorted()).toEqual([
      ['set-cookie', 'a=; Path=/'],
      ['set-cookie', 'b=; Path=/'],
      ['x-a', '1'],
      ['x-b', '2'],
    ])
    expect(exchange?.answer?.body).toBeUndefined()
  })

  test('can still refuse a header that cannot be written and answer otherwise', async () => {
    await using served = await startObserved((_request, response) => {
      expect(() => response.writeHead(200, ['X-Bad', 'a\nb'])).toThrow(/Invalid character/)
      response.writeHead(502, ['X-Good', 'yes'])
      response.end('sorry')
    })
    expect((await fetch(served.url)).status).toBe(502)
    const [exchange] = await served.exchanges(1)
    expect(exchange?.answer).toMatchObject({ status: 502, headers: [['X-Good', 'yes']] })
  })

  test('receives an upload as it was sent, and the journal its beginning', async () => {
    await using served = await startObserved(echo)
    const long = 'abcdefgh'.repeat(40_000)
    const answer = await fetch(served.url, {
      method: 'POST',
      body: long,
      headers: { 'Content-Type': 'text/plain' },
    })
    expect(await answer.text()).toBe(long)
    const [exchange] = await served.exchanges(1)
    expect(exchange?.body).toEqual({ text: long.slice(0, 64 * 1024), bytes: long.length, isCut: true })
    expect(exchange?.answer?.body).toEqual({
      text: long.slice(0, 64 * 1024),
      bytes: long.length,
      isCut: true,
    })
  })

  test('decides by itself when a body begins to flow', async () => {
    await using served = await startObserved((request, response) => {
      setTimeout(() => echo(request, response), 30)
    })
    const answer = await fetch(served.url, { method: 'POST', body: 'late but whole' })
    expect(await answer.text()).toBe('late but whole')
  })

  test('answers HEAD and 204 without content, as it would alone', async () => {
    await using served = await startObserved((request, response) => {
      if (request.method === 'DELETE') return void response.writeHead(204).end()
      response.setHeader('Content-Length', 5)
      response.end('hello')
    })
    const head = await fetch(served.url, { method: 'HEAD' })
    expect(head.headers.get('content-length')).toBe('5')
    expect((await fetch(served.url, { method: 'DELETE' })).status).toBe(204)
    const exchanges = await served.exchanges(2)
    expect(exchanges.map(({ answer }) => [answer?.status, answer?.body, answer?.isWhole])).toEqual([
      [200, undefined, true],
      [204, undefined, true],
    ])
  })

  test('serves requests that were sent ahead on one connection, in their order', async () => {
    await using served = await startObserved((request, response) => {
      setTimeout(() => response.end(request.url), request.url === '/1' ? 40 : 1)
    })
    const text = await rawExchange(
      served.port,
      ['/1', '/2', '/3']
        .map(
          (path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n${path === '/3' ? 'Connection: close\r\n' : ''}\r\n`,
        )
        .join(''),
    )
    expect(text.match(/(?<=\r\n\r\n)\/\d/g)).toEqual(['/1', '/2', '/3'])
    const exchanges = await served.exchanges(3)
    expect(exchanges.map(({ path, answer }) => [path, answer?.isWhole])).toEqual([
      ['/1', true],
      ['/2', true],
      ['/3', true],
    ])
  })

  test('that never answers leaves exchanges without an answer once the caller has left, those sent ahead included', async () => {
    await using served = await startObserved(() => undefined)
    const socket = connect(served.port, '127.0.0.1')
    socket.write('GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n')
    while (served.traffic.journal.lastId() < 2) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(served.traffic.journal.find({})).toEqual([])
    socket.destroy()
    const exchanges = await served.exchanges(2)
    expect(exchanges.map(({ answer, durationMs }) => [answer, durationMs])).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ])
  })

  test('that breaks off leaves what was sent, marked as not whole', async () => {
    await using served = await startObserved((_request, response) => {
      response.writeHead(200, ['Content-Length', '10', 'Content-Type', 'text/plain'])
      response.write('half', () => response.destroy())
    })
    await expect(fetch(served.url).then((answer) => answer.text())).rejects.toThrow()
    const [exchange] = await served.exchanges(1)
    expect(exchange?.answer).toMatchObject({ status: 200, body: { text: 'half' }, isWhole: false })
  })

  test('whose caller leaves in the middle of a long answer is not noted as whole', async () => {
    await using served = await startObserved((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/plain' })
      response.end('x'.repeat(50_000_000))
    })
    const socket = connect(served.port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await once(socket, 'readable')
    socket.destroy()
    const [exchange] = await served.exchanges(1)
    expect(exchange?.answer).toMatchObject({ status: 200, isWhole: false })
    expect(exchange?.durationMs).toBeUndefined()
  })

  test('is left alone on paths that are none of the emulated surface', async () => {
    await using served = await startObserved(say('mine'))
    served.traffic.faults.add({ on: '*', does: { kind: 'drop', after: false }, when: {} })
    expect(await (await fetch(`${served.url}/emulator/clock`)).text()).toBe('mine')
    expect(served.traffic.journal.lastId()).toBe(0)
    expect(served.traffic.faults.list()).toMatchObject([{ seen: 0, hits: 0 }])
  })
})
