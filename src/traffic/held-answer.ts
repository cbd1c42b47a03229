import type { ServerResponse } from 'node:http'

/** A body that a listener has written, all of it. */
export interface HeldBody {
  readonly bytes: Buffer
  /** There was more than is held. */
  readonly isCut: boolean
}

/** The ways to the caller that a held response no longer takes by itself. */
export interface Outlets {
  /** Sends the head alone. */
  readonly flushHeaders: () => void
  /** @returns whether more may be written at once */
  readonly write: (bytes: Buffer) => boolean
  readonly end: () => void
}

/** Nothing of v7 and no page comes near it. */
const heldLimit = 10 * 1024 * 1024

type Done = () => void

const doneOf = (call: readonly unknown[]): Done | undefined => {
  const last = call.at(-1)
  return typeof last === 'function' ? (last as Done) : undefined
}

const bytesOf = ([piece, encoding]: readonly unknown[]): Buffer | undefined => {
  if (typeof piece === 'string')
    return Buffer.from(piece, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
  return piece instanceof Uint8Array
    ? Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
    : undefined
}

/**
 * Lets a listener write its answer as ever, and holds all of it back.
 * @param answered what becomes of it, once the listener has ended its answer
 */
export function holdAnswer(
  response: ServerResponse,
  answered: (body: HeldBody, outlets: Outlets) => void,
): void {
  const { write, end, flushHeaders } = response
  const outlets: Outlets = {
    flushHeaders: () => Reflect.apply(flushHeaders, response, []),
    write: (bytes) => Reflect.apply(write, response, [bytes]),
    end: () => void Reflect.apply(end, response, []),
  }
  const pieces: Buffer[] = []
  let held = 0
  let isCut = false
  let hasEnded = false

  function hold(call: readonly unknown[]): void {
    const bytes = bytesOf(call)
    if (!bytes) return
    isCut ||= held + bytes.length > heldLimit
    // A copy: the writer may use its block again once it was told that the write is done.
    const kept = Buffer.from(bytes.subarray(0, heldLimit - held))
    pieces.push(kept)
    held += kept.length
  }

  response.flushHeaders = () => undefined
  response.write = ((...call: readonly unknown[]) => {
    hold(call)
    const done = doneOf(call)
    if (done) process.nextTick(done)
    return true
  }) as typeof write
  response.end = ((...call: readonly unknown[]) => {
    if (hasEnded) return response
    hasEnded = true
    hold(call)
    const done = doneOf(call)
    if (done) response.once('finish', done)
    const bytes = Buffer.concat(pieces)
    // As Node does for a body that it is given at once.
    if (!response.headersSent && !isCut && !hasLength(response))
      response.setHeader('Content-Length', bytes.length)
    answered({ bytes, isCut }, outlets)
    return response
  }) as typeof end
}

const hasLength = (response: ServerResponse): boolean =>
  response.hasHeader('Content-Length') ||
  response.hasHeader('Transfer-Encoding') ||
  response.statusCode === 204 ||
  response.statusCode === 304
