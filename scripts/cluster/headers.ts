import type { IncomingMessage } from 'node:http'

/** Of one connection, not of the message (RFC 9110 §7.6.1); the length of a body stays. */
const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]
/** Nobody stands before us who may say who is calling. `Expect` we answered ourselves. */
const ours = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'expect',
]

/** Names and values in turn, as they came, repeated ones included: the nodes judge them. */
function withoutNamed(message: IncomingMessage, names: readonly string[]): string[] {
  const listed = (message.headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase())
  const dropped = new Set([...names, ...listed])
  const { rawHeaders } = message
  return rawHeaders.filter((_, at) => !dropped.has((rawHeaders[at - (at % 2)] ?? '').toLowerCase()))
}

/** What a node is told, the truth about the caller included. */
export function requestHeaders(request: IncomingMessage): readonly string[] {
  const isChunked = request.headers['transfer-encoding'] !== undefined
  return [
    ...withoutNamed(request, [...hopByHop, ...ours]),
    ...(isChunked ? ['Transfer-Encoding', 'chunked'] : []),
    'X-Forwarded-For',
    request.socket.remoteAddress ?? '',
    'X-Forwarded-Proto',
    'http',
  ]
}

export const answerHeaders = (answer: IncomingMessage): readonly string[] => withoutNamed(answer, hopByHop)
