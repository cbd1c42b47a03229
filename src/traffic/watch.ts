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

/** What is noted of a response, and what it did by itself. */
interface Watch {
  readonly seen: Sighting
  readonly writeHead: Method
  readonly write: Method
  readonly end: Method
  isEnding: boolean
}

const watched = Symbol('watched')

interface WatchedResponse extends ServerResponse {
  [watched]?: Watch
}

/** Functions for all responses: a closure of its own for each would be made with every request. */
const watchOf = (response: WatchedResponse): Watch => response[watched] as Watch

const noteWriteHead: Method = function noteWriteHead(status, reason, fields) {
  const { seen, writeHead } = watchOf(this)
  const written = writeHead.call(this, status, reason, fields)
  noteHead(seen, this, fields ?? reason)
  return written
}

const noteWrite: Method = function noteWrite(piece, encoding, done) {
  const { seen, write, isEnding } = watchOf(this)
  // The last piece, which some responses pass on to their own write, was noted already.
  if (!isEnding) noteBody(seen, piece, encoding)
  return write.call(this, piece, encoding, done)
}

const noteEnd: Method = function noteEnd(piece, encoding, done) {
  const watch = watchOf(this)
  noteBody(watch.seen, piece, encoding)
  watch.isEnding = true
  return watch.end.call(this, piece, encoding, done)
}

/**
 * Notes a response's head and body while they are written, without a part in it. What Node adds by itself, as `Date`, is not noted.
 * Every way to write a head and a body comes through these three methods, Node's own implied head included.
 */
export function watchAnswer(response: ServerResponse, seen: Sighting): void {
  const { writeHead, write, end } = response as unknown as Record<'writeHead' | 'write' | 'end', Method>
  ;(response as WatchedResponse)[watched] = { seen, writeHead, write, end, isEnding: false }
  response.writeHead = noteWriteHead as typeof response.writeHead
  response.write = noteWrite as typeof response.write
  response.end = noteEnd as typeof response.end
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
