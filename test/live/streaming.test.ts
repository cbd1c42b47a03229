import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { PassThrough, pipeline, Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { createGzip } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Behaviour, type HostileUpstream, json, startHostileUpstream } from './hostile-upstream.ts'
import { bearer } from './live-gateway.ts'

let upstream: HostileUpstream
let child: ChildProcess
let port: number
beforeAll(async () => {
  upstream = await startHostileUpstream()
  child = fork('test/live/gateway-process.ts', [upstream.origin], { execArgv: ['--expose-gc'] })
  const [{ port: said }] = (await once(child, 'message')) as [{ port: number }]
  port = said
})
afterAll(async () => {
  child.kill('SIGKILL')
  await upstream[Symbol.asyncDispose]()
})

const megabyte = 1024 * 1024

interface Memory {
  /** What something still refers to: a body that is kept in parts or as a whole is in here. */
  readonly held: number
  /** With the garbage, of which there is the more the less a busy machine lets V8 collect. */
  readonly resident: number
}

/** What the process of the gateway takes, in bytes. */
async function memory(): Promise<Memory> {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  child.send('memory')
  const [{ held }] = (await once(child, 'message')) as [{ held: number }]
  return { held, resident: Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) * 1024 }
}

/** The most that it takes more than now, until the work is done, in MB. */
async function growthDuring<Result>(work: () => Promise<Result>): Promise<Memory & { result: Result }> {
  const before = await memory()
  let isOver = false
  const working = work().finally(() => {
    isOver = true
  })
  let [held, resident] = [0, 0]
  while (!isOver) {
    const now = await memory()
    held = Math.max(held, now.held - before.held)
    resident = Math.max(resident, now.resident - before.resident)
    await pause(50)
  }
  return { held: held / megabyte, resident: resident / megabyte, result: await working }
}

/** A quarter of the gigabyte that passes. */
const mostResident = 256

interface Read {
  readonly bytes: number
  /** How often our own origin stood there, and how often the upstream's. */
  readonly ours: number
  readonly theirs: number
}

const countOf = (text: string, part: string): number => text.split(part).length - 1

/** Calls, and reads the body to its end without keeping it. */
async function read(): Promise<Read> {
  const request = get({ port, host: '127.0.0.1', path: '/v7/tests?aid=1101', headers: bearer })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  let [bytes, ours, theirs, rest] = [0, 0, 0, '']
  for await (const piece of response as AsyncIterable<Buffer>) {
    bytes += piece.length
    const text = rest + piece.toString('latin1')
    ours += countOf(text, `http://127.0.0.1:${port}/v7/`)
    theirs += countOf(text, `${upstream.origin}/v7/`)
    rest = text.slice(-20).replaceAll('/v7/', '')
  }
  return { bytes, ours, theirs }
}

/** A row of v7 with a link, and enough besides to be as long as a real one. */
const row = (): string =>
  `{"testId":"281474976710706","testName":"${'n'.repeat(700)}","_links":{"self":{"href":"${upstream.origin}/v7/tests/1"}}},\n`

function* pieces(bytes: number): Generator<Buffer> {
  const piece = Buffer.from(row().repeat(80))
  for (let sent = 0; sent < bytes; sent += piece.length) yield piece
}

const long =
  (bytes: number, headers: Readonly<Record<string, string>>): Behaviour =>
  (_request, response) => {
    response.writeHead(200, headers)
    pipeline(Readable.from(pieces(bytes)), response, () => undefined)
  }

const halJson = { 'content-type': 'application/hal+json' }

describe('a body of a gigabyte', { timeout: 300_000 }, () => {
  test.each([
    ['in which links are rewritten', halJson, true],
    ['that passes as it is', { 'content-type': 'application/octet-stream' }, false],
  ])('%s takes less than 64 MB', async (_, headers, isRewritten) => {
    upstream.behave(long(64 * megabyte, headers))
    await read()
    upstream.behave(long(1_024 * megabyte, headers))
    const { held, resident, result } = await growthDuring(read)
    expect(result.bytes).toBeGreaterThan(1_000 * megabyte)
    expect(isRewritten ? result.ours : result.theirs).toBeGreaterThan(1_200_000)
    expect(isRewritten ? result.theirs : result.ours).toBe(0)
    expect(held).toBeLessThan(64)
    expect(resident).toBeLessThan(mostResident)
  })
})

describe('a body that unpacks to a thousand times itself', { timeout: 300_000 }, () => {
  const bomb: Behaviour = (_request, response) => {
    response.writeHead(200, { ...halJson, 'content-encoding': 'gzip' })
    const zeros = new PassThrough()
    const piece = Buffer.alloc(megabyte, ' ')
    pipeline(zeros, createGzip({ level: 9 }), response, () => zeros.destroy())
    const fill = async (): Promise<void> => {
      for (let sent = 0; sent < 4_096 && !zeros.destroyed; sent += 1)
        if (!zeros.write(piece)) await once(zeros, 'drain')
      zeros.end()
    }
    fill().catch(() => undefined)
  }

  test('is cut off, and takes less than 64 MB', async () => {
    upstream.behave(long(64 * megabyte, halJson))
    await read()
    upstream.behave(bomb)
    const { held, resident, result } = await growthDuring(() => read().catch(() => 'cut off'))
    expect(result).toBe('cut off')
    expect(held).toBeLessThan(64)
    expect(resident).toBeLessThan(mostResident)
  })
})

const asking = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: ${bearer.authorization}\r\n\r\n`

/** A caller that asks and reads nothing. */
async function ask(path = '/v7/tests?aid=1101'): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined)
  await once(socket, 'connect')
  socket.pause()
  socket.write(asking(path))
  return socket
}

describe('a caller who does not read', () => {
  test('holds the upstream back', async () => {
    let sent = 0
    let isHeld = false
    upstream.behave((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream' })
      const piece = Buffer.alloc(megabyte / 4)
      const send = (): void => {
        while (sent < 200 * megabyte) {
          sent += piece.length
          if (!response.write(piece)) {
            isHeld = true
            return void response.once('drain', () => {
              isHeld = false
              send()
            })
          }
        }
      }
      send()
    })
    const caller = await ask()
    await expect.poll(() => isHeld && sent > megabyte, { timeout: 10_000 }).toBe(true)
    await pause(500)
    const held = sent
    await pause(500)
    expect(sent).toBe(held)
    expect(sent).toBeLessThan(50 * megabyte)
    caller.destroy()
    await expect.poll(() => upstream.connections.open, { timeout: 5_000 }).toBe(0)
  })
})

describe('callers who leave', () => {
  test('free their upstream connections, many of them at once, and the process lives on', async () => {
    for (let round = 0; round < 3; round += 1) {
      upstream.behave(long(1_024 * megabyte, round % 2 === 0 ? halJson : { 'content-type': 'text/plain' }))
      const callers = await Promise.all(Array.from({ length: 60 }, () => ask()))
      for (const caller of callers) caller.resume()
      await expect.poll(() => upstream.connections.open, { timeout: 20_000 }).toBeGreaterThanOrEqual(60)
      await pause(200)
      for (const caller of callers) caller.destroy()
      await expect.poll(() => upstream.connections.open, { timeout: 20_000 }).toBe(0)
    }
    expect(child.exitCode).toBeNull()
    upstream.behave(json('{"tests":[]}'))
    expect((await read()).bytes).toBe(12)
  }, 90_000)

  test('before the head has come free theirs too', async () => {
    upstream.behave(() => undefined)
    const callers = await Promise.all(Array.from({ length: 20 }, () => ask()))
    await expect.poll(() => upstream.connections.open, { timeout: 10_000 }).toBe(20)
    for (const caller of callers) caller.destroy()
    await expect.poll(() => upstream.connections.open, { timeout: 10_000 }).toBe(0)
    expect(child.exitCode).toBeNull()
  })
})
