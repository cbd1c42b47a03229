import type { IncomingMessage } from 'node:http'
import { gathered } from '#domain/gathered.ts'
import { type ControlRefusal, found, refuseWith } from './refusals.ts'

/** A page can send forms and plain text anywhere without asking; JSON it cannot. So nothing else is read (security-cases B). */
const jsonType = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i

const tooLarge = (maxBytes: number): ControlRefusal =>
  refuseWith(413, 'body_too_large', `body: allowed are ${maxBytes} bytes`)

/** @returns the bytes; a refusal when there are more than allowed, and then the rest is left unread */
async function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer | ControlRefusal> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return tooLarge(maxBytes)
  // To leave off early must not close the connection, or the refusal would be lost.
  return (await gathered(request.iterator({ destroyOnReturn: false }), maxBytes)) ?? tooLarge(maxBytes)
}

function parseJson(bytes: Buffer): { readonly json: unknown } | ControlRefusal {
  try {
    return { json: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) }
  } catch (error) {
    const why = (error as Error).message.slice(0, 120)
    return refuseWith(400, 'malformed_json', `body: not readable as JSON in UTF-8: ${why}`)
  }
}

/** Reads the body of a request. @returns what it says; `json` is undefined when there is no body */
export async function readJsonBody(
  request: IncomingMessage,
  maxBytes: number,
): Promise<{ readonly json: unknown } | ControlRefusal> {
  const bytes = await readBytes(request, maxBytes)
  if ('kind' in bytes) return bytes
  if (bytes.length === 0) return { json: undefined }
  const { 'content-type': type, 'content-encoding': encoding } = request.headers
  if (encoding !== undefined)
    return refuseWith(415, 'wrong_content_encoding', `Content-Encoding: ${found(encoding)}; allowed is none`)
  if (!jsonType.test(type ?? ''))
    return refuseWith(
      415,
      'wrong_content_type',
      `Content-Type: ${found(type)}; allowed is application/json (curl: -H 'Content-Type: application/json', or --json)`,
    )
  return parseJson(bytes)
}
