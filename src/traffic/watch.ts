import type { IncomingMessage, ServerResponse } from 'node:http'
import { type HeadFields, passing, type Sighting } from './sighting.ts'

/** What a method of a response was called with, whichever of its forms was used. */
type Call = readonly unknown[]

const isPiece = (piece: unknown): piece is string | Uint8Array =>
  typeof piece === 'string' || piece instanceof Uint8Array

const encodingOf = (encoding: unknown): string | undefined =>
  typeof encoding === 'string' ? encoding : undefined

/**
 * Notes a response's head and body while they are written, without a part in it. What Node adds by itself, as `Date`, is not noted.
 * Every way to write a head and a body comes through these three methods, Node's own implied head included.
 */
export function watchAnswer(response: ServerResponse, seen: Sighting): void {
  const { writeHead, write, end } = response
  let isEnding = false

  function noteHead(fields: unknown): void {
    seen.status = response.statusCode
    const passed = typeof fields === 'object' && fields !== null ? (fields as HeadFields) : []
    // Headers that were set one by one before have taken in those that are passed now.
    seen.answerHeaders = response.getHeaderNames().length === 0 ? passed : response.getHeaders()
  }

  /** @param call of `write` or of `end`, which both begin with a piece and its encoding */
  function noteBody([piece, encoding]: Call): void {
    if (isPiece(piece)) seen.answerBody = passing(seen.answerBody, piece, encodingOf(encoding))
  }

  response.writeHead = ((...call: Call) => {
    const written = Reflect.apply(writeHead, response, call)
    noteHead(call.at(-1))
    return written
  }) as typeof writeHead
  response.write = ((...call: Call) => {
    // The last piece, which some responses pass on to their own write, was noted already.
    if (!isEnding) noteBody(call)
    return Reflect.apply(write, response, call)
  }) as typeof write
  response.end = ((...call: Call) => {
    noteBody(call)
    isEnding = true
    return Reflect.apply(end, response, call)
  }) as typeof end
}

/** RFC 9112 §6: a request has a body when one of these says so. */
const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined

/** Notes a request's body while it arrives. It is not asked for: that is the listener's affair, and when it does so. */
export function watchBody(request: IncomingMessage, seen: Sighting): void {
  if (!hasBody(request)) return
  const { push } = request
  request.push = (chunk: unknown, encoding?: BufferEncoding) => {
    // A copy: what arrives is a part of a large block that the socket read into.
    if (chunk instanceof Uint8Array) seen.body = passing(seen.body, Buffer.from(chunk))
    else if (typeof chunk === 'string') seen.body = passing(seen.body, chunk, encoding)
    return push.call(request, chunk, encoding)
  }
}
