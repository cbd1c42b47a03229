import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Head, passing, type Sighting } from './sighting.ts'

const isPiece = (piece: unknown): piece is string | Uint8Array =>
  typeof piece === 'string' || piece instanceof Uint8Array

function noteBody(seen: Sighting, piece: unknown, encoding: unknown): void {
  if (isPiece(piece))
    seen.answerBody = passing(seen.answerBody, piece, typeof encoding === 'string' ? encoding : undefined)
}

/** Names and values in turn, as Node has them after the head was written. */
function headOf(response: ServerResponse): readonly string[] {
  const flat: string[] = []
  for (const name of response.getHeaderNames()) {
    const value = response.getHeader(name)
    if (Array.isArray(value)) for (const one of value) flat.push(name, one)
    else flat.push(name, String(value))
  }
  return flat
}

function noteHead(seen: Sighting, response: ServerResponse, fields: unknown): void {
  seen.status = response.statusCode
  const set = headOf(response)
  // Headers that were set one by one before have taken in those that are passed now.
  if (set.length > 0) seen.answerHeaders = set
  else if (typeof fields === 'object' && fields !== null) seen.answerHeaders = fields as Head
}

/** The three methods with all that they may be given: whatever it was is passed on as it was. */
type Method = (this: ServerResponse, ...call: readonly unknown[]) => unknown

/**
 * Notes a response's head and body while they are written, without a part in it. What Node adds by itself, as `Date`, is not noted.
 * Every way to write a head and a body comes through these three methods, Node's own implied head included.
 */
export function watchAnswer(response: ServerResponse, seen: Sighting): void {
  const writeHead = response.writeHead as Method
  const write = response.write as Method
  const end = response.end as Method
  let isEnding = false

  response.writeHead = ((status: unknown, reason: unknown, fields: unknown) => {
    const written = writeHead.call(response, status, reason, fields)
    noteHead(seen, response, fields ?? reason)
    return written
  }) as typeof response.writeHead
  response.write = ((piece: unknown, encoding: unknown, done: unknown) => {
    // The last piece, which some responses pass on to their own write, was noted already.
    if (!isEnding) noteBody(seen, piece, encoding)
    return write.call(response, piece, encoding, done)
  }) as typeof response.write
  response.end = ((piece: unknown, encoding: unknown, done: unknown) => {
    noteBody(seen, piece, encoding)
    isEnding = true
    return end.call(response, piece, encoding, done)
  }) as typeof response.end
}

/**
 * Notes a request's body while it arrives. It is not asked for: that is the listener's affair, and when it does so. What GET and HEAD
 * carry means nothing (RFC 9110 §9.3.1), and is not noted.
 */
export function watchBody(request: IncomingMessage, seen: Sighting): void {
  if (request.method === 'GET' || request.method === 'HEAD') return
  const { push } = request
  request.push = (chunk: unknown, encoding?: BufferEncoding) => {
    // A copy: what arrives is a part of a large block that the socket read into.
    if (chunk instanceof Uint8Array) seen.body = passing(seen.body, Buffer.from(chunk))
    else if (typeof chunk === 'string') seen.body = passing(seen.body, chunk, encoding)
    return push.call(request, chunk, encoding)
  }
}
