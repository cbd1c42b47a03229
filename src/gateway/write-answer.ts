import { pipeline, Readable } from 'node:stream'
import type { Answer, Call } from './call.ts'
import { discard } from './upstream-answer.ts'

/**
 * On every answer (security-cases G23): answers belong to one caller, and nobody guesses at their type. `X-Request-Id` is
 * ours, ThousandEyes documents none (thousandeyes-facts 6.2).
 */
const commonHeaders = [
  'Cache-Control',
  'no-store',
  'Vary',
  'Authorization',
  'X-Content-Type-Options',
  'nosniff',
] as const

const headersOf = ({ id, rateHeaders }: Call, { headers }: Answer): string[] => [
  ...commonHeaders,
  'X-Request-Id',
  id,
  ...rateHeaders,
  ...headers,
]

/**
 * Writes the answer: bytes at hand with their head in one go, a stream with back-pressure. When the caller leaves, the
 * upstream's stream is destroyed; when that stream breaks, so is the connection, as the status has already been sent.
 * @param broken hears of a stream that broke off for another reason than a caller who left
 * @throws when the upstream sent a header that cannot be written; nothing has been sent then
 */
export function writeAnswer(call: Call, answer: Answer, broken: (error: Error) => void): void {
  const { request, response } = call
  const { status, body } = answer
  if (response.destroyed) {
    discard(body)
    return
  }
  const headers = headersOf(call, answer)
  if (body instanceof Readable) {
    response.writeHead(status, headers)
    if (request.method === 'HEAD') {
      discard(body)
      response.end()
      return
    }
    pipeline(body, response, (error) => {
      if (error && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') broken(error)
    })
    return
  }
  const bytes = body ?? ''
  const length = Buffer.byteLength(bytes)
  // RFC 9110 §8.6: 204 has no length.
  if (status !== 204) headers.push('Content-Length', String(length))
  response.writeHead(status, headers)
  if (status === 204 || request.method === 'HEAD') response.end()
  // As long in UTF-8 as in characters: all ASCII, which Node writes faster when told so.
  else response.end(bytes, length === bytes.length ? 'latin1' : 'utf8')
}
