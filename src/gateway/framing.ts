import type { Answer, Call, Check } from './call.ts'
import { badRequest, problemAnswer } from './refusal-answer.ts'
import { parseTarget } from './target.ts'

/** Longer targets than any of v7; Node refuses a head of 16 KB by itself. */
const maxTargetLength = 8000

/** How often the raw list names the header: Node has dropped the second one from its own. @param name in lower case */
function countOf(name: string, rawHeaders: readonly string[]): number {
  let count = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const header = rawHeaders[index] ?? ''
    if (header.length === name.length && header.toLowerCase() === name) count += 1
  }
  return count
}

/** The body must be framed and encoded in the one way that we pass on (RFC 9112 §6.1). */
function refuseEncoding(call: Call): Answer | undefined {
  const { headers } = call.request
  const transfer = headers['transfer-encoding']
  if (transfer !== undefined && transfer.toLowerCase() !== 'chunked')
    return badRequest(call, 'Send the body in chunks or with its length, without further transfer codings.')
  const content = headers['content-encoding']
  if (content === undefined || content.toLowerCase() === 'identity') return undefined
  return problemAnswer(call, {
    status: 415,
    title: 'Unsupported Media Type',
    detail: 'Send the body without a content coding.',
    code: 'unsupported_content_encoding',
  })
}

/**
 * Lets only requests through that can be read in one way: one Host of ours, one Authorization, a canonical target.
 * @param allowsHost whether a Host header names us (security-cases H01)
 */
export const requireCanonicalRequest =
  (allowsHost: (host: string) => boolean): Check =>
  (call) => {
    const { url = '', headers, rawHeaders, httpVersionMajor } = call.request
    // Node's parser lets a request line of HTTP/0.9 through, and headers after it, and HTTP/2.0 in the clothes of 1.1.
    if (httpVersionMajor !== 1) return badRequest(call, 'Use HTTP/1.1.')
    if (url.length > maxTargetLength)
      return problemAnswer(call, {
        status: 414,
        title: 'URI Too Long',
        detail: `The target of a request has at most ${maxTargetLength} characters.`,
        code: 'uri_too_long',
      })
    const target = parseTarget(url)
    if (!target) return badRequest(call, 'The target of the request is not in its canonical form.')
    call.target = target
    // A second one would be read by one server and not by the next.
    if (countOf('host', rawHeaders) !== 1 || countOf('authorization', rawHeaders) > 1)
      return badRequest(call, 'Send Host once and Authorization at most once.')
    if (!allowsHost(headers.host ?? ''))
      return problemAnswer(call, {
        status: 421,
        title: 'Misdirected Request',
        detail: 'This server does not answer for the host that the request names.',
        code: 'misdirected_request',
      })
    return refuseEncoding(call)
  }
