import { createServer } from 'node:http'
import { connect } from 'node:net'
import { pipeline, Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import type { Listener } from '../../src/traffic/observe.ts'
import type { Disturbance } from '../../src/traffic/traffic.ts'
import { rawExchange } from './raw-exchange.ts'
import { type Observed, startObserved } from './start-observed.ts'

const get = (path: string, headers = ''): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n${headers}\r\n`

const once = (served: Observed, does: Disturbance): void => {
  served.traffic.faults.add({ on: 'v7', does, when: { times: 1 } })
}

const hello: Listener = (_request, response) => {
  response.writeHead(200, ['Content-Type', 'text/plain', 'Content-Length', '5', 'X-Request-Id', 'abc.1'])
  response.end('hello')
}

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5))
}

/** How far the listener came. */
function counted(listener: Listener): { readonly listener: Listener; calls: number } {
  const counter = {
    calls: 0,
    listener: ((request, response) => {
      counter.calls += 1
      listener(request, response)
    }) satisfies Listener,
  }
  return counter
}

describe('a status', () => {
  test.each([
    [
      '/v7/getTests',
      'application/problem+json;charset=UTF-8',
      { status: 500, title: 'Internal Server Error', instance: '/v7/getTests' },
    ],
    ['/token', 'application/json; charset=utf-8', { error: 'server_error' }],
  ])('on %s has the shape of its surface', async (path, type, body) => {
    const asked = counted(hello)
    await using served = await startObserved(asked.listener)
    served.traffic.faults.add({ on: '*', does: { kind: 'status', status: 500 }, when: {} })
    const answer = await fetch(`${served.url}${path}?a=b`)
    expect(answer.status).toBe(500)
    expect(answer.headers.get('content-type')).toBe(type)
    expect(answer.headers.get('x-panoptes-fault')).toBe('fault-1')
    expect(await answer.json()).toMatchObject(body)
    expect(asked.calls).toBe(0)
    const [exchange] = await served.exchanges(1)
    expect(exchange).toMatchObject({ fault: 'fault-1', answer: { status: 500, isWhole: true } })
  })

  test('on a page is a page, on HEAD a head, and of 204 there is no more than that', async () => {
    await using served = await startObserved(hello)
    const fault = served.traffic.faults.add({ on: '*', does: { kind: 'status', status: 503 }, when: {} })
    expect(await (await fetch(`${served.url}/account`)).text()).toContain('<h1>503 Service Unavailable</h1>')
    const head = await fetch(`${served.url}/account`, { method: 'HEAD' })
    expect([head.status, Number(head.headers.get('content-length')) > 0, await head.text()]).toEqual([
      503,
      true,
      '',
    ])
    served.traffic.faults.remove(fault.id)
    served.traffic.faults.add({ on: '*', does: { kind: 'status', status: 204 }, when: {} })
    expect((await fetch(`${served.url}/v7/deleteTest`, { method: 'DELETE' })).status).toBe(204)
  })

  test('bears the error that was asked for, in the words of whoever knows the surface', async () => {
    await using served = await startObserved(hello, {
      knownAnswer: ({ target, path, status, error }) =>
        target.name === 'token'
          ? { status, headers: ['X-Known', path], body: JSON.stringify({ error }) }
          : undefined,
    })
    const { faults } = served.traffic
    faults.add({ on: '*', does: { kind: 'status', status: 400, error: 'invalid_grant' }, when: {} })
    const known = await fetch(`${served.url}/token`, { method: 'POST', body: 'grant_type=refresh_token' })
    expect([known.status, known.headers.get('x-known'), await known.json()]).toEqual([
      400,
      '/token',
      { error: 'invalid_grant' },
    ])
  })

  test('is answered once the request has come as a whole, which the journal then has', async () => {
    await using served = await startObserved(hello)
    served.traffic.faults.add({ on: 'token', does: { kind: 'maintenance', retryAfterSeconds: 30 }, when: {} })
    const socket = connect(served.port, '127.0.0.1')
    const answered = new Promise<string>((resolve) => socket.once('data', (bytes) => resolve(String(bytes))))
    socket.write(
      'POST /token HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 28\r\n\r\n',
    )
    await new Promise((resolve) => setTimeout(resolve, 50))
    socket.write('grant_type=refresh_token&a=b')
    expect(await answered).toMatch(/^HTTP\/1.1 503 .*\r\nRetry-After: 30\r\n/s)
    socket.destroy()
    const [exchange] = await served.exchanges(1)
    expect(exchange?.body?.text).toBe('grant_type=refresh_token&a=b')
  })

  test('does not wait for the end of a very long upload', async () => {
    await using served = await startObserved(hello)
    served.traffic.faults.add({ on: '*', does: { kind: 'status', status: 500 }, when: {} })
    const socket = connect(served.port, '127.0.0.1')
    socket.on('error', () => undefined)
    const answered = new Promise<string>((resolve) => socket.once('data', (bytes) => resolve(String(bytes))))
    socket.write('POST /v7/a HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n')
    socket.write('x'.repeat(200_000))
    expect(await answered).toContain('500 Internal Server Error')
    socket.destroy()
  })
})

describe('a rate limit and a maintenance', () => {
  test.each<[Disturbance, number, string | null]>([
    [{ kind: 'rate-limit' }, 429, null],
    [{ kind: 'maintenance' }, 503, null],
    [{ kind: 'maintenance', retryAfterSeconds: 7 }, 503, '7'],
  ])('%j is %i', async (does, status, retryAfter) => {
    await using served = await startObserved(hello)
    once(served, does)
    const answer = await fetch(`${served.url}/v7/getTests`)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([status, retryAfter])
  })

  test('say Retry-After once, as the fault has it', async () => {
    await using served = await startObserved(hello, {
      knownAnswer: ({ status }) => ({ status, headers: ['retry-after', '2', 'X-Known', 'yes'], body: '' }),
    })
    once(served, { kind: 'maintenance', retryAfterSeconds: 9 })
    const answer = await fetch(`${served.url}/v7/getTests`)
    expect([answer.headers.get('retry-after'), answer.headers.get('x-known')]).toEqual(['9', 'yes'])
  })
})

describe('latency', () => {
  test('asks the listener after so much machine time, with the body that was sent meanwhile', async () => {
    const asked = counted((request, response) => {
      response.setHeader('Content-Type', 'text/plain')
      request.pipe(response)
    })
    await using served = await startObserved(asked.listener)
    once(served, { kind: 'latency', milliseconds: 500 })
    const answering = fetch(`${served.url}/v7/createTest`, { method: 'POST', body: 'kept' })
    await until(() => served.timers.pending() === 1)
    served.timers.pass(499)
    expect(asked.calls).toBe(0)
    served.timers.pass(1)
    const answer = await answering
    expect([await answer.text(), answer.headers.get('x-panoptes-fault'), asked.calls]).toEqual([
      'kept',
      'fault-1',
      1,
    ])
    const [exchange] = await served.exchanges(1)
    expect(exchange).toMatchObject({ fault: 'fault-1', durationMs: 500, answer: { isWhole: true } })
  })

  test('is called off when the caller leaves; nothing is done', async () => {
    const asked = counted(hello)
    await using served = await startObserved(asked.listener)
    once(served, { kind: 'latency', milliseconds: 500 })
    const leaving = new AbortController()
    const answering = fetch(`${served.url}/v7/getTests`, { signal: leaving.signal })
    await until(() => served.timers.pending() === 1)
    leaving.abort()
    await expect(answering).rejects.toThrow()
    const [exchange] = await served.exchanges(1)
    expect([exchange?.answer, served.timers.pending()]).toEqual([undefined, 0])
    served.timers.pass(1000)
    expect(asked.calls).toBe(0)
  })

  test('does not let a request pass that was sent ahead by a caller who has left', async () => {
    const asked = counted((request, response) => {
      if (request.url !== '/v7/first') response.end('done')
    })
    await using served = await startObserved(asked.listener)
    served.traffic.faults.add({ on: 'second', does: { kind: 'latency', milliseconds: 500 }, when: {} })
    const socket = connect(served.port, '127.0.0.1')
    socket.write(`${get('/v7/first')}${get('/v7/second')}`)
    await until(() => served.timers.pending() === 1)
    socket.destroy()
    await served.exchanges(2)
    served.timers.pass(1000)
    expect(asked.calls).toBe(1)
  })

  test('ends with its connection when everything is calmed', async () => {
    const asked = counted(hello)
    await using served = await startObserved(asked.listener)
    once(served, { kind: 'latency', milliseconds: 500 })
    const answering = fetch(`${served.url}/v7/getTests`)
    await until(() => served.timers.pending() === 1)
    served.traffic.calm()
    await expect(answering).rejects.toThrow()
    expect(served.timers.pending()).toBe(0)
    expect(asked.calls).toBe(0)
    expect(await (await fetch(`${served.url}/v7/getTests`)).text()).toBe('hello')
  })
})

describe('a dropped connection', () => {
  test('before: nobody is asked, and the exchange has no answer', async () => {
    const asked = counted(hello)
    await using served = await startObserved(asked.listener)
    once(served, { kind: 'drop', after: false })
    expect(await rawExchange(served.port, get('/v7/getTests'))).toBe('')
    const [exchange] = await served.exchanges(1)
    expect([exchange?.answer, exchange?.fault, asked.calls]).toEqual([undefined, 'fault-1', 0])
  })

  test.each<[string, Listener]>([
    ['at once', hello],
    [
      'in pieces',
      (_, response) => {
        response.write('a')
        setTimeout(() => response.end('b'), 5)
      },
    ],
    [
      'without a head of its own',
      (_, response) => {
        response.setHeader('X-Request-Id', 'abc.1')
        response.end('x')
      },
    ],
    [
      'after flushing its head',
      (_, response) => {
        response.flushHeaders()
        response.end('x')
      },
    ],
  ])('after: an answer written %s is lost, once all was done', async (_, listener) => {
    const asked = counted(listener)
    await using served = await startObserved(asked.listener)
    once(served, { kind: 'drop', after: true })
    expect(await rawExchange(served.port, get('/v7/getTests'))).toBe('')
    const [exchange] = await served.exchanges(1)
    expect([exchange?.answer, exchange?.fault, asked.calls]).toEqual([undefined, 'fault-1', 1])
  })

  test('after: notes still find the exchange whose answer was lost', async () => {
    await using served = await startObserved((_request, response) => {
      served.traffic.note('abc.1', { event: 'v7-call-refused', code: 'scope_missing' })
      response.setHeader('X-Request-Id', 'abc.1')
      response.end('x')
    })
    once(served, { kind: 'drop', after: true })
    await rawExchange(served.port, get('/v7/getTests'))
    const [exchange] = await served.exchanges(1)
    expect(exchange?.notes).toEqual([{ event: 'v7-call-refused', code: 'scope_missing' }])
  })

  test.each([true, false])(
    'does not take the answer to an earlier request with it (after: %s)',
    async (after) => {
      await using served = await startObserved((request, response) => {
        setTimeout(() => response.end('first'), request.url === '/v7/first' ? 40 : 1)
      })
      served.traffic.faults.add({ on: 'second', does: { kind: 'drop', after }, when: {} })
      const text = await rawExchange(served.port, `${get('/v7/first')}${get('/v7/second')}`)
      expect(text).toMatch(/first$/)
      expect(text.match(/HTTP\/1.1 200/g)).toHaveLength(1)
    },
  )
})

describe('a truncated answer', () => {
  test('has its head, its first bytes, and no end', async () => {
    await using served = await startObserved(hello)
    once(served, { kind: 'truncate', bytes: 3 })
    const text = await rawExchange(served.port, get('/v7/getTests'))
    expect(text).toMatch(/^HTTP\/1.1 200 OK\r\n/)
    expect(text).toContain('Content-Length: 5\r\n')
    expect(text).toContain('X-Panoptes-Fault: fault-1\r\n')
    expect(text).toMatch(/\r\n\r\nhel$/)
    const [exchange] = await served.exchanges(1)
    expect(exchange?.answer).toMatchObject({ status: 200, body: { text: 'hel', bytes: 3 }, isWhole: false })
  })

  test.each([
    [0, ''],
    [5, 'hell'],
    [1e9, 'hell'],
  ])('of %i bytes is never the whole one', async (bytes, sent) => {
    await using served = await startObserved(hello)
    once(served, { kind: 'truncate', bytes })
    expect((await rawExchange(served.port, get('/v7/getTests'))).split('\r\n\r\n')[1]).toBe(sent)
  })

  test('with a length that Node would have found has it too', async () => {
    await using served = await startObserved((_request, response) => void response.end('hello'))
    once(served, { kind: 'truncate', bytes: 2 })
    expect(await rawExchange(served.port, get('/v7/getTests'))).toMatch(
      /content-length: 5\r\n.*\r\n\r\nhe$/is,
    )
  })

  test('of a stream lacks its last chunk', async () => {
    await using served = await startObserved((_request, response) => {
      response.write('hel')
      setTimeout(() => response.end('lo'), 5)
    })
    once(served, { kind: 'truncate', bytes: 4 })
    await expect(fetch(`${served.url}/v7/getTests`).then((answer) => answer.text())).rejects.toThrow()
  })

  test('to HEAD is its head, and then the end', async () => {
    await using served = await startObserved(hello)
    once(served, { kind: 'truncate', bytes: 3 })
    const text = await rawExchange(served.port, get('/v7/getTests').replace('GET', 'HEAD'))
    expect(text).toMatch(/^HTTP\/1.1 200 OK\r\n.*Content-Length: 5\r\n.*\r\n\r\n$/s)
  })

  test('comes after the answers to earlier requests', async () => {
    await using served = await startObserved((request, response) => {
      setTimeout(() => response.end('first'), request.url === '/v7/first' ? 40 : 1)
    })
    served.traffic.faults.add({ on: 'second', does: { kind: 'truncate', bytes: 2 }, when: {} })
    const text = await rawExchange(served.port, `${get('/v7/first')}${get('/v7/second')}`)
    expect(text).toMatch(/\r\n\r\nfirstHTTP\/1.1 200 OK\r\n.*\r\n\r\nfi$/s)
  })
})

describe('a slow answer', () => {
  test('comes in pieces, a tenth of the rate at a time, and is whole in the end', async () => {
    await using served = await startObserved(hello)
    once(served, { kind: 'slow', bytesPerSecond: 20 })
    const answering = fetch(`${served.url}/v7/getTests`).then((answer) => answer.text())
    const waits: number[] = []
    while (waits.length < 2) {
      await until(() => served.timers.pending() === 1)
      served.timers.pass(99)
      expect(served.timers.pending()).toBe(1)
      served.timers.pass(1)
      waits.push(100)
    }
    expect(await answering).toBe('hello')
    const [exchange] = await served.exchanges(1)
    expect(exchange).toMatchObject({
      durationMs: 200,
      answer: { body: { text: 'hello', bytes: 5 }, isWhole: true },
    })
  })

  test('may be written by a stream', async () => {
    let outcome: unknown = 'none'
    await using served = await startObserved(
      (_request, response) =>
        void pipeline(Readable.from(['hel', 'lo']), response, (error) => {
          outcome = error
        }),
      { isTimeReal: true },
    )
    once(served, { kind: 'slow', bytesPerSecond: 100 })
    expect(await (await fetch(`${served.url}/v7/getTests`)).text()).toBe('hello')
    await until(() => outcome !== 'none')
    expect(outcome).toBeUndefined()
  })

  test('of less than a byte at a time sends a byte when it is due', async () => {
    await using served = await startObserved(hello)
    once(served, { kind: 'slow', bytesPerSecond: 2 })
    const answering = fetch(`${served.url}/v7/getTests`).then((answer) => answer.text())
    await until(() => served.timers.pending() === 1)
    served.timers.pass(2000)
    expect(await answering).toBe('hello')
    expect(served.timers.now()).toBe(2000)
  })

  test('of no content is answered at once', async () => {
    await using served = await startObserved((_request, response) => void response.writeHead(204).end())
    once(served, { kind: 'slow', bytesPerSecond: 1 })
    expect((await fetch(`${served.url}/v7/deleteTest`, { method: 'DELETE' })).status).toBe(204)
  })

  test('stops when the caller leaves', async () => {
    await using served = await startObserved(hello)
    once(served, { kind: 'slow', bytesPerSecond: 1 })
    const leaving = new AbortController()
    const answer = await fetch(`${served.url}/v7/getTests`, { signal: leaving.signal })
    expect(served.timers.pending()).toBe(1)
    leaving.abort()
    await expect(answer.text()).rejects.toThrow()
    const [exchange] = await served.exchanges(1)
    expect(exchange?.answer).toMatchObject({ body: { text: 'h' }, isWhole: false })
    expect(served.timers.pending()).toBe(0)
  })

  test('ends with its connection when everything is calmed', async () => {
    await using served = await startObserved(hello)
    once(served, { kind: 'slow', bytesPerSecond: 1 })
    const answer = await fetch(`${served.url}/v7/getTests`)
    served.traffic.calm()
    await expect(answer.text()).rejects.toThrow()
    expect(served.timers.pending()).toBe(0)
  })

  test('does not run ahead of a caller who reads slowly', async () => {
    await using served = await startObserved(
      (_request, response) => void response.end(Buffer.alloc(10_000_000)),
    )
    once(served, { kind: 'slow', bytesPerSecond: 95_000_000 })
    const socket = connect(served.port, '127.0.0.1')
    socket.pause()
    socket.write(get('/v7/getTests'))
    await until(() => served.traffic.journal.lastId() === 1)
    // The first piece fills what the connection holds; the next one waits for the caller, not for the clock.
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(served.timers.pending()).toBe(0)
    socket.resume()
    await until(() => served.timers.pending() === 1)
    socket.destroy()
  })
})

describe('a connection that stays open', () => {
  test.each<[string, Disturbance]>([
    ['a status', { kind: 'status', status: 500 }],
    ['a rate limit', { kind: 'rate-limit' }],
    ['a maintenance', { kind: 'maintenance' }],
    ['latency', { kind: 'latency', milliseconds: 1 }],
    ['a slow answer', { kind: 'slow', bytesPerSecond: 5000 }],
  ])('serves further requests after %s', async (_, does) => {
    await using served = await startObserved(hello, { isTimeReal: true })
    once(served, does)
    const upload = 'POST /v7/createTest HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody'
    const text = await rawExchange(served.port, `${upload}${get('/v7/getTests', 'Connection: close\r\n')}`)
    expect(text.match(/HTTP\/1.1 \d+/g)).toHaveLength(2)
    expect(text).toMatch(/hello$/)
    const exchanges = await served.exchanges(2)
    expect(exchanges.map(({ fault, answer }) => [fault, answer?.isWhole])).toEqual([
      ['fault-1', true],
      [undefined, true],
    ])
  })
})

describe('a listener whose answer is spoiled', () => {
  test('hears what it would hear otherwise', async () => {
    const heard: string[] = []
    await using served = await startObserved((_request, response) => {
      response.on('finish', () => heard.push('finish'))
      response.on('close', () => heard.push('close'))
      response.write('a', () => heard.push('written'))
      expect(response.write('b')).toBe(true)
      response.end('c', () => heard.push('ended'))
    })
    once(served, { kind: 'slow', bytesPerSecond: 1000 })
    expect(await (await fetch(`${served.url}/v7/getTests`)).text()).toBe('abc')
    await until(() => heard.length === 4)
    expect(heard.toSorted()).toEqual(['close', 'ended', 'finish', 'written'])
  })

  test('may write more than is held: the caller gets what was held, and no end', async () => {
    await using served = await startObserved(
      (_request, response) => void response.end(Buffer.alloc(11 * 1024 * 1024)),
      {
        isTimeReal: true,
      },
    )
    once(served, { kind: 'slow', bytesPerSecond: 1e9 })
    const answer = await fetch(`${served.url}/v7/getTests`)
    await expect(answer.arrayBuffer()).rejects.toThrow()
    const [exchange] = await served.exchanges(1)
    expect(exchange?.answer).toMatchObject({ isWhole: false, body: { bytes: 10 * 1024 * 1024 } })
  })
})

test('without faults the bytes on the wire are those of the bare listener', async () => {
  const listener: Listener = (request, response) => {
    if (request.url === '/v7/a')
      return void response.writeHead(200, ['Content-Length', '2', 'X-A', '1']).end('ok')
    response.setHeader('X-B', '2')
    response.write('chu')
    response.end('nked')
  }
  await using served = await startObserved(listener)
  const bare = createServer(listener).listen(0, '127.0.0.1')
  await new Promise((resolve) => bare.once('listening', resolve))
  const { port } = bare.address() as { port: number }
  const asked = `${get('/v7/a')}${get('/v7/b')}${get('/v7/a', 'Connection: close\r\n')}`
  const undated = (text: string): string => text.replace(/Date: .*\r\n/g, '')
  expect(undated(await rawExchange(served.port, asked))).toBe(undated(await rawExchange(port, asked)))
  bare.close()
})
