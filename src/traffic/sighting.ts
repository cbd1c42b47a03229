import type { JournalNote } from './traffic.ts'

/** A body as it passes by: references, at most `keptBytes` of them. */
export interface PassingBody {
  readonly pieces: (string | Uint8Array)[]
  /** How much of it is kept. */
  kept: number
  /** How much there was. */
  bytes: number
}

/** What an answer's head was written from: names and values in turn, or by name. */
export type HeadFields = readonly unknown[] | Readonly<Record<string, unknown>>

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
  /** Names and values in turn. */
  readonly headers: readonly string[]
  body: PassingBody | undefined
  /** 0 until the answer's head is written. */
  status: number
  answerHeaders: HeadFields | undefined
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
  encoding === undefined || /^(?:utf-?8|latin1|ascii|binary)$/i.test(encoding)

function keptPiece(piece: string | Uint8Array, room: number): string | Uint8Array {
  if (piece.length <= room) return piece
  // A copy: a part would hold on to the whole.
  return typeof piece === 'string'
    ? Buffer.from(piece.slice(0, room)).toString()
    : Buffer.from(piece.subarray(0, room))
}

/** Adds a piece to a body. @returns the body, which is a new one when there was none */
export function passing(
  body: PassingBody | undefined,
  piece: string | Uint8Array,
  encoding?: string,
): PassingBody {
  const into = body ?? { pieces: [], kept: 0, bytes: 0 }
  const whole =
    typeof piece === 'string' && !isText(encoding) ? Buffer.from(piece, encoding as BufferEncoding) : piece
  into.bytes += typeof whole === 'string' && encoding !== 'latin1' ? Buffer.byteLength(whole) : whole.length
  const room = keptBytes - into.kept
  if (room > 0 && whole.length > 0) {
    const kept = keptPiece(whole, room)
    into.pieces.push(kept)
    into.kept += kept.length
  }
  return into
}

/** What is kept of a body, as text. A character that was cut in two becomes a mark of that. */
export function keptText({ pieces }: PassingBody): string {
  const [first] = pieces
  if (pieces.length === 1 && typeof first === 'string') return first
  return Buffer.concat(
    pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)),
  ).toString()
}

type Pair = readonly [name: unknown, value: unknown]

const inTurn = (flat: readonly unknown[]): readonly Pair[] =>
  flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1]] as const] : []))

function pairsOf(fields: HeadFields): readonly Pair[] {
  if (!Array.isArray(fields)) return Object.entries(fields)
  return Array.isArray(fields[0]) ? (fields as readonly Pair[]) : inTurn(fields)
}

/** Names and values in turn, each value apart, whatever they were written from. */
export const flatHeaders = (fields: HeadFields): readonly string[] =>
  pairsOf(fields).flatMap(([name, value]) =>
    (Array.isArray(value) ? (value as readonly unknown[]) : [value]).flatMap((one) => [
      String(name),
      String(one),
    ]),
  )

/** @param name in lower case @returns the first value of a header; cheap where names and values stand in turn */
export function headerOf(fields: HeadFields, name: string): string | undefined {
  const flat = Array.isArray(fields) && typeof fields[0] === 'string' ? fields : flatHeaders(fields)
  for (let index = 0; index + 1 < flat.length; index += 2) {
    const candidate = String(flat[index])
    if (candidate.length === name.length && candidate.toLowerCase() === name) return String(flat[index + 1])
  }
  return undefined
}

/** About how much memory it holds on to, in characters. */
export function weightOf({ url, headers, body, answerHeaders, answerBody }: Sighting): number {
  let weight = url.length + (body?.kept ?? 0) + (answerBody?.kept ?? 0)
  for (const text of headers) weight += text.length
  if (Array.isArray(answerHeaders))
    for (const text of answerHeaders as readonly unknown[]) weight += String(text).length
  return weight
}
