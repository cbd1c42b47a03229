import type { JournalNote } from './traffic.ts'

type Piece = string | Uint8Array

/** A body as it passes by: references, at most `keptBytes` of them. Most come in one piece. */
export interface PassingBody {
  readonly first: Piece
  further: Piece[] | undefined
  /** How much of it is kept. */
  kept: number
  /** How much there was. */
  bytes: number
}

/** Names and values in turn, or by name; packed, one text of lines. */
export type Head = readonly unknown[] | Readonly<Record<string, unknown>> | string

/**
 * One request as it was seen. Only references are taken while it passes, for the sake of speed; they hold credentials, and are
 * let go when an exchange is made of them, or when newer ones push them out.
 */
export interface Sighting {
  readonly id: number
  readonly at: number
  /** On the stopwatch of the machine, ms. */
  readonly startedAt: number
  readonly method: string
  readonly url: string
  readonly address: string
  headers: Head
  body: PassingBody | undefined
  /** 0 until the answer's head is written. */
  status: number
  answerHeaders: Head
  answerBody: PassingBody | undefined
  isWhole: boolean
  /** The answer was written, and a fault kept all of it back. */
  isLost: boolean
  endedAt: number | undefined
  fault: string | undefined
  notes: readonly JournalNote[]
}

/** Of a single body. */
export const keptBytes: number = 64 * 1024

/** Strings in these encodings say what they hold; the others are written out. */
const isText = (encoding: string | undefined): boolean =>
  encoding === undefined || encoding === 'latin1' || /^(?:utf-?8|latin1|ascii|binary)$/i.test(encoding)

function keptPiece(piece: Piece, room: number): Piece {
  if (piece.length <= room) return piece
  // A copy: a part would hold on to the whole.
  return typeof piece === 'string'
    ? Buffer.from(piece.slice(0, room)).toString()
    : Buffer.from(piece.subarray(0, room))
}

const bytesOf = (piece: Piece, encoding: string | undefined): number =>
  typeof piece === 'string' && encoding !== 'latin1' ? Buffer.byteLength(piece) : piece.length

/** Adds a piece to a body. @returns the body, which is a new one when there was none */
export function passing(body: PassingBody | undefined, piece: Piece, encoding?: string): PassingBody {
  const whole =
    typeof piece === 'string' && !isText(encoding) ? Buffer.from(piece, encoding as BufferEncoding) : piece
  const bytes = bytesOf(whole, encoding)
  const kept = keptPiece(whole, keptBytes - (body?.kept ?? 0))
  if (!body) return { first: kept, further: undefined, kept: kept.length, bytes }
  body.bytes += bytes
  if (kept.length > 0) {
    body.further ??= []
    body.further.push(kept)
    body.kept += kept.length
  }
  return body
}

/** What is kept of a body, as text. A character that was cut in two becomes a mark of that. */
export function keptText({ first, further = [] }: PassingBody): string {
  if (typeof first === 'string' && further.length === 0) return first
  const pieces = [first, ...further].map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece))
  return Buffer.concat(pieces).toString()
}

type Pair = readonly [name: unknown, value: unknown]

const inTurn = (flat: readonly unknown[]): readonly Pair[] =>
  flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1]] as const] : []))

function pairsOf(head: Exclude<Head, string>): readonly Pair[] {
  if (!Array.isArray(head)) return Object.entries(head)
  return Array.isArray(head[0]) ? (head as readonly Pair[]) : inTurn(head)
}

function isFlat(head: Exclude<Head, string>): head is readonly string[] {
  if (!Array.isArray(head)) return false
  for (const text of head) if (typeof text !== 'string') return false
  return true
}

/** Names and values in turn, each value apart, whatever they were written from. */
export function flatHeaders(head: Head): readonly string[] {
  if (typeof head === 'string') return head === '' ? [] : head.split('\n')
  if (isFlat(head)) return head
  return pairsOf(head).flatMap(([name, value]) =>
    (Array.isArray(value) ? (value as readonly unknown[]) : [value]).flatMap((one) => [
      String(name),
      String(one),
    ]),
  )
}

/** @param name in lower case @returns the first value of a header */
export function headerOf(head: Head, name: string): string | undefined {
  const flat = flatHeaders(head)
  for (let index = 0; index + 1 < flat.length; index += 2) {
    const candidate = flat[index] ?? ''
    if (candidate.length === name.length && candidate.toLowerCase() === name) return flat[index + 1]
  }
  return undefined
}

/** No header has a line end in it (RFC 9110 §5.5); both of Node's sides see to that. */
const packed = (head: Head): string => (typeof head === 'string' ? head : flatHeaders(head).join('\n'))

/**
 * Makes one text of the request's head. To hold on to a thousand times twenty small strings costs more than everything else here:
 * whoever collects the garbage moves and marks each of them. An answer's head is mostly made of words that all answers share.
 */
export function pack(seen: Sighting): void {
  seen.headers = packed(seen.headers)
}

function lengthOf(head: Head): number {
  if (typeof head === 'string') return head.length
  if (!isFlat(head)) return packed(head).length
  let length = 0
  for (const text of head) length += text.length + 1
  return length
}

/** About how much memory one holds on to, in characters. */
export const weightOf = ({ url, headers, body, answerHeaders, answerBody }: Sighting): number =>
  url.length + lengthOf(headers) + lengthOf(answerHeaders) + (body?.kept ?? 0) + (answerBody?.kept ?? 0)
