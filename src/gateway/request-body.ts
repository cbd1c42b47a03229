import type { IncomingMessage } from 'node:http'
import { type Readable, Transform } from 'node:stream'
import type { Answer, Call, Check } from './call.ts'
import { problemAnswer } from './refusal-answer.ts'

/** No document of v7 comes near it. Ours. */
const maxBodyBytes = 10 * 1024 * 1024

/** Why the reading of a body without a length broke off. */
export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge'
}

export const bodyTooLarge = (call: Call, most: number = maxBodyBytes): Answer =>
  problemAnswer(call, {
    status: 413,
    title: 'Content Too Large',
    detail: `A request body has at most ${most} bytes${most < maxBodyBytes ? ' where it may name account groups' : ''}.`,
    code: 'body_too_large',
  })

/** Refuses a body by its announced length (RFC 9110 §15.5.14); the parser holds the sender to that length. */
export const limitBody: Check = (call) =>
  Number(call.request.headers['content-length'] ?? 0) > maxBodyBytes ? bodyTooLarge(call) : undefined

function hasBody({ method, headers }: IncomingMessage): boolean {
  if (method === 'GET' || method === 'HEAD') return false
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/**
 * The body as the upstream may read it: counted, and apart from the request, so that an upstream that leaves it half read
 * or destroys it does not tear down the connection on which the answer is to go out.
 * @returns undefined when the request has none; what a GET carries is ignored (RFC 9110 §9.3.1)
 */
export function requestBody({ request, response }: Call): Readable | undefined {
  if (!hasBody(request)) return undefined
  let bytes = 0
  const body = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      if (bytes > maxBodyBytes) done(new BodyTooLarge())
      else done(null, chunk)
    },
  })
  // What is left of the body is read and dropped, or the connection would never come to its next request.
  const release = (): void => {
    request.unpipe(body)
    request.resume()
  }
  body.on('error', release)
  body.on('close', release)
  response.once('finish', release)
  request.once('close', () => {
    if (!request.complete) body.destroy(new Error('the caller left in the middle of the request body'))
  })
  return request.pipe(body)
}
