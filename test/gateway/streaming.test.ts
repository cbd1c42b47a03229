import { connect, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { accessToken, jsonAnswer, type RunningGateway, startGateway } from './start-gateway.ts'

const bearer = { type: 'bearer' } as const
const upstream = 'https://api.thousandeyes.com'
const elsewhere = { us1: upstream, us2: upstream, eu1: upstream }

const head = ({ port }: RunningGateway, path = '/v7/tests'): string =>
  `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${accessToken}\r\n\r\n`

/** A stream that goes on for ever and counts what was taken from it. */
function endless(): Readable & { taken: number } {
  const stream = Object.assign(
    new Readable({
      read() {
        stream.taken += 1
        this.push(Buffer.alloc(16_384, 97))
      },
    }),
    { taken: 0 },
  )
  return stream
}

/** Connects and asks; what the server does to the connection is no failure of the test. */
function ask(gateway: RunningGateway): Socket {
  const socket = connect(gateway.port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write(head(gateway))
  return socket
}

/** A connection in the middle of an answer: some of it is read, more of it waits. */
async function busyConnection(gateway: RunningGateway): Promise<Socket> {
  const socket = ask(gateway)
  await new Promise((arrived) => socket.once('data', arrived))
  return socket.pause()
}

describe('streams', () => {
  test.each([
    ['as they are', {}],
    ['rewritten', { upstreamOrigins: elsewhere }],
  ])(
    'of callers who leave all at once are let go, %s, and the process lives on (libraries: trap 1)',
    async (_how, parts) => {
      const streams: Readable[] = []
      await using gateway = await startGateway({
        limits: false,
        parts,
        answer: ({ query }) => {
          if (query.has('short')) return jsonAnswer('{}')
          const body = endless()
          streams.push(body)
          return { ...jsonAnswer(''), body }
        },
      })
      const sockets = await Promise.all(Array.from({ length: 120 }, () => busyConnection(gateway)))
      for (const socket of sockets) socket.resetAndDestroy()
      await expect
        .poll(() => streams.filter(({ destroyed }) => destroyed).length, { timeout: 10_000 })
        .toBe(120)
      await request(gateway.url).get('/v7/tests?short').auth(accessToken, bearer).expect(200)
      expect(gateway.log).toEqual([])
    },
  )

  test('are held back while the caller does not read', async () => {
    const body = endless()
    await using gateway = await startGateway({ answer: () => ({ ...jsonAnswer(''), body }) })
    const socket = ask(gateway).pause()
    await expect.poll(() => body.taken, { timeout: 5000 }).toBeGreaterThan(0)
    await pause(300)
    const taken = body.taken
    await pause(300)
    expect(body.taken).toBe(taken)
    socket.destroy()
    await expect.poll(() => body.destroyed).toBe(true)
  })

  test('that break after the head cut the connection, as the status cannot be taken back', async () => {
    await using gateway = await startGateway({
      answer: () => ({
        ...jsonAnswer(''),
        body: new Readable({
          read() {
            this.push('{"tests":[')
            this.destroy(new Error('upstream broke'))
          },
        }),
      }),
    })
    await expect(request(gateway.url).get('/v7/tests').auth(accessToken, bearer)).rejects.toThrow()
    await expect
      .poll(() => gateway.log)
      .toMatchObject([{ event: 'v7-call-failed', code: 'upstream_broke_off' }])
  })

  test('are let go for a HEAD', async () => {
    const body = endless()
    await using gateway = await startGateway({ answer: () => ({ ...jsonAnswer(''), body }) })
    await request(gateway.url).head('/v7/tests').auth(accessToken, bearer).expect(200)
    expect(body.destroyed).toBe(true)
  })
})

describe('a caller who leaves before the answer', () => {
  test('is told to the upstream by the signal, and the late answer is let go', async () => {
    const late = endless()
    let signal: AbortSignal | undefined
    let release: (() => void) | undefined
    await using gateway = await startGateway({
      answer: async (call) => {
        signal = call.signal
        expect(call.signal).toBe(signal)
        await new Promise<void>((resolve) => {
          release = resolve
        })
        return { ...jsonAnswer(''), body: late }
      },
    })
    const socket = ask(gateway)
    await expect.poll(() => signal).toBeDefined()
    expect(signal?.aborted).toBe(false)
    socket.destroy()
    await expect.poll(() => signal?.aborted).toBe(true)
    release?.()
    await expect.poll(() => late.destroyed).toBe(true)
    expect(gateway.log).toEqual([])
  })

  test('is no failure of the upstream that gives up because of it', async () => {
    await using gateway = await startGateway({
      answer: ({ signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason))
        }),
    })
    const socket = ask(gateway)
    await expect.poll(() => gateway.sent).toHaveLength(1)
    socket.destroy()
    await pause(100)
    expect(gateway.log).toEqual([])
  })

  test('is not made up when the caller stays', async () => {
    let signal: AbortSignal | undefined
    await using gateway = await startGateway({
      answer: (call) => {
        signal = call.signal
        return jsonAnswer('{}')
      },
    })
    await request(gateway.url).get('/v7/tests').auth(accessToken, bearer).expect(200)
    await pause(50)
    expect(signal?.aborted).toBe(false)
  })
})
