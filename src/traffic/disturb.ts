import type { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { type HeldBody, holdAnswer, type Outlets } from './held-answer.ts'
import { type Instead, type KnownAnswers, knownOrPlain } from './known-answer.ts'
import type { Pending } from './pending.ts'
import { keptBytes, type Sighting } from './sighting.ts'
import type { Timers } from './timers.ts'
import type { StandingFault, Target } from './traffic.ts'

/** On every answer that a fault had a part in, so that nobody looks for the cause elsewhere. Ours. */
export const faultHeader = 'X-Panoptes-Fault'

export interface DisturbParts {
  readonly knownAnswer: KnownAnswers
  readonly timers: Timers
  readonly pending: Pending
}

/** A request that a fault strikes. */
export interface Struck {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Whoever would have answered. */
  readonly listener: (request: IncomingMessage, response: ServerResponse) => void
  readonly target: Target
  readonly path: string
  readonly seen: Sighting
  readonly fault: StandingFault
}

/** Ends the connection, once the answers to earlier requests on it have left. */
function hangUp(response: ServerResponse): void {
  if (response.socket !== null) response.destroy()
  else response.once('socket', () => response.destroy())
}

/** Ends the connection once what was written has left, and with it the answers to earlier requests. */
function hangUpAfterwards(response: ServerResponse): void {
  // Not yet when its turn comes: what waits for that is written right after.
  const soon = (): void =>
    process.nextTick(() => {
      if (response.socket instanceof Socket) response.socket.destroySoon()
      else response.destroy()
    })
  if (response.socket !== null) soon()
  else response.once('socket', soon)
}

function mark({ response, fault }: Struck): void {
  const { writeHead } = response
  response.writeHead = ((...call: readonly unknown[]) => {
    if (!response.headersSent) response.setHeader(faultHeader, fault.id)
    return Reflect.apply(writeHead, response, call)
  }) as typeof writeHead
}

/** The whole request first, as whoever answers in earnest reads it before it refuses; a very long one is not waited for. */
function onceUploaded(request: IncomingMessage, work: () => void): void {
  let bytes = 0
  let isDone = false
  const go = (): void => {
    if (isDone) return
    isDone = true
    work()
  }
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > keptBytes) go()
  })
  // Without a body there is no end to come (sockets.ts).
  if (request.readableEnded) go()
  else request.once('end', go)
}

function answerInstead(struck: Struck, { knownAnswer }: DisturbParts, does: Instead): void {
  const { request, response, target, path, fault } = struck
  const { status, headers, body } = knownOrPlain(knownAnswer, { target, path, does })
  const hasContent = status !== 204 && status !== 304
  onceUploaded(request, () => {
    if (response.destroyed) return
    const length = hasContent ? ['Content-Length', String(Buffer.byteLength(body))] : []
    response.writeHead(status, [...headers, ...length, faultHeader, fault.id])
    response.end(hasContent && request.method !== 'HEAD' ? body : undefined)
  })
}

/** Work for later, unless the caller leaves before; ended by `calm`, and the connection with it. */
function later({ request, response }: Struck, { timers, pending }: DisturbParts) {
  let callOff = (): void => undefined
  const settle = pending.add(() => {
    callOff()
    hangUp(response)
  })
  response.once('close', () => {
    callOff()
    settle()
  })
  return {
    settle,
    after(milliseconds: number, work: () => void): void {
      callOff = timers.after(milliseconds, () => {
        if (!request.socket.destroyed) work()
      })
    },
  }
}

function delay(struck: Struck, parts: DisturbParts, milliseconds: number): void {
  const { settle, after } = later(struck, parts)
  mark(struck)
  after(milliseconds, () => {
    settle()
    struck.listener(struck.request, struck.response)
  })
}

const hasNoBody = ({ request, response }: Struck): boolean =>
  request.method === 'HEAD' || response.statusCode === 204 || response.statusCode === 304

/** @param bytes how much is sent; of a body that has any, the last byte never is */
function truncate(struck: Struck, bytes: number): void {
  mark(struck)
  holdAnswer(struck.response, (body, outlets) => {
    const part = body.bytes.subarray(0, Math.max(0, Math.min(bytes, body.bytes.length - 1)))
    if (part.length === 0 || hasNoBody(struck)) outlets.flushHeaders()
    else outlets.write(part)
    hangUpAfterwards(struck.response)
  })
  struck.listener(struck.request, struck.response)
}

/** So many pieces a second, unless they would be smaller than a byte. */
const piecesPerSecond = 10

function slow(struck: Struck, parts: DisturbParts, bytesPerSecond: number): void {
  const { response } = struck
  const { settle, after } = later(struck, parts)
  const pieceBytes = Math.max(1, Math.floor(bytesPerSecond / piecesPerSecond))
  const pause = (pieceBytes / bytesPerSecond) * 1000

  function trickle({ bytes, isCut }: HeldBody, outlets: Outlets): void {
    const rest = bytes.subarray(pieceBytes)
    const mayGoOn = outlets.write(bytes.subarray(0, pieceBytes))
    const next = (): void => after(pause, () => trickle({ bytes: rest, isCut }, outlets))
    if (rest.length === 0) finish(isCut, outlets)
    else if (mayGoOn) next()
    else response.once('drain', next)
  }

  function finish(isCut: boolean, outlets: Outlets): void {
    settle()
    if (isCut) hangUpAfterwards(struck.response)
    else outlets.end()
  }

  mark(struck)
  holdAnswer(response, (body, outlets) => {
    if (body.bytes.length === 0 || hasNoBody(struck)) finish(false, outlets)
    else trickle(body, outlets)
  })
  struck.listener(struck.request, response)
}

/** Everything is done and the answer is lost: whoever asked cannot know. */
function lose(struck: Struck): void {
  const { request, response, listener, seen } = struck
  seen.isLost = true
  holdAnswer(response, () => {
    // Only written, so that notes find their exchange by its request id; nothing is sent.
    if (!response.headersSent) response.writeHead(response.statusCode)
    hangUp(response)
  })
  listener(request, response)
}

/** Applies a fault to a request that it strikes. */
export function disturb(struck: Struck, parts: DisturbParts): void {
  const { does } = struck.fault
  switch (does.kind) {
    case 'latency':
      delay(struck, parts, does.milliseconds)
      break
    case 'status':
    case 'rate-limit':
    case 'maintenance':
      answerInstead(struck, parts, does)
      break
    case 'drop':
      if (does.after) lose(struck)
      else hangUp(struck.response)
      break
    case 'truncate':
      truncate(struck, does.bytes)
      break
    case 'slow':
      slow(struck, parts, does.bytesPerSecond)
      break
    default:
      does satisfies never
  }
}
