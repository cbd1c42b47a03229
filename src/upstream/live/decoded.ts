import { pipeline, Readable, Transform } from 'node:stream'
import { createBrotliDecompress, createInflate, createUnzip, createZstdDecompress } from 'node:zlib'
import { isJson, type UpstreamAnswer, UpstreamUnavailable } from '#upstream/upstream.ts'

/** Codings that are undone, each with what undoes it (RFC 9110 §8.4.1, RFC 7932, RFC 8878). */
const decoders: Readonly<Record<string, () => Transform>> = {
  gzip: createUnzip,
  'x-gzip': createUnzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
}

/** No honest body grows so much: gzip makes at most 1032 bytes of one. */
const mostGrowth = 200
/** Below it, nobody is harmed. */
const harmlessBytes = 128 * 1024 * 1024

class GrowsTooMuch extends Error {
  override readonly name = 'GrowsTooMuch'
}

/** Passes on, until it has become too much for what came in (security-cases G21). */
function heldWithin(arrived: () => number): Transform {
  let made = 0
  return new Transform({
    transform(piece: Buffer, _encoding, done) {
      made += piece.length
      if (made > harmlessBytes && made > arrived() * mostGrowth) done(new GrowsTooMuch())
      else done(null, piece)
    },
  })
}

function counted(body: Readable): { readonly body: Readable; readonly bytes: () => number } {
  let bytes = 0
  const counter = new Transform({
    transform(piece: Buffer, _encoding, done) {
      bytes += piece.length
      done(null, piece)
    },
  })
  pipeline(body, counter, () => undefined)
  return { body: counter, bytes: () => bytes }
}

/**
 * JSON in the clear, as its links are to be rewritten; anything else as it came, coded or not. We ask for no coding, so this is for
 * an upstream, or something before it, that codes all the same.
 * @throws UpstreamUnavailable for a coding that has no single name here
 */
export function decoded(answer: UpstreamAnswer): UpstreamAnswer {
  const coding = answer.headers['content-encoding']?.toLowerCase()
  if (coding === undefined || coding === 'identity') return answer
  const decoder = decoders[coding]
  // One coding at most goes out: what undoes a thousand of them is the caller's memory.
  if (!decoder) {
    if (answer.body instanceof Readable) answer.body.destroy()
    // Nobody reads its body, and the credential behind it must not go out again.
    if (answer.status === 401) return { status: 401, headers: {}, body: undefined }
    throw new UpstreamUnavailable('unusable')
  }
  if (!isJson(answer)) return answer
  const { 'content-encoding': _, ...headers } = answer.headers
  const source = answer.body instanceof Readable ? answer.body : Readable.from([answer.body ?? ''])
  const { body, bytes } = counted(source)
  const clear = heldWithin(bytes)
  clear.on('error', () => undefined)
  pipeline(body, decoder(), clear, () => undefined)
  return { ...answer, headers, body: clear }
}
