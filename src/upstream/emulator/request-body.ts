import type { Readable } from 'node:stream'
import type { UpstreamRequest } from '#upstream/upstream.ts'
import type { Json, JsonObject } from './json.ts'
import { invalid, refused, type V7Refusal } from './refusals.ts'

/** The largest body that is read; what ThousandEyes allows is not published. */
const limitBytes = 1_048_576

/** @returns the bytes, or undefined when there are more than the limit; what is too much is read and thrown away */
function readBytes(stream: Readable): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    stream.on('data', (chunk: Buffer | string) => {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
      size += bytes.length
      if (size <= limitBytes) chunks.push(bytes)
      else resolve(undefined)
    })
    stream.once('end', () => resolve(Buffer.concat(chunks)))
    stream.once('error', reject)
    stream.once('close', () => reject(new Error('the body ended before it was complete')))
  })
}

/** How deep a body may be nested: what walks it later needs no guard of its own. The document's own schemas stay below 20. Ours. */
const mostLevels = 100

/**
 * How many keys an object may have, and how many beyond that all objects of a body together: maps have some, and what looks at each
 * key, known or not, holds the others. No schema of the document has a hundred. Ours.
 */
const usualKeys = 100
const mostBeyond = 2_000

/** What the walk through a body has seen. */
interface Seen {
  keysBeyond: number
}

/** Why a body is not taken, in words that follow it. */
class Unbounded extends Error {}

/** Clients that send their models whole send null for what they leave out. What has none stays as it is. @throws Unbounded */
function withoutNulls(value: Json, seen: Seen, level = 0): Json {
  if (typeof value !== 'object' || value === null) return value
  if (level > mostLevels) throw new Unbounded(`is nested deeper than ${mostLevels} levels.`)
  const inner = (item: Json): Json => withoutNulls(item, seen, level + 1)
  return Array.isArray(value) ? listWithout(value, inner) : objectWithout(value as JsonObject, seen, inner)
}

function listWithout(list: readonly Json[], inner: (item: Json) => Json): readonly Json[] {
  const items = list.filter((item) => item !== null).map(inner)
  return items.length === list.length && items.every((item, index) => item === list[index]) ? list : items
}

function objectWithout(object: JsonObject, seen: Seen, inner: (item: Json) => Json): JsonObject {
  const keys = Object.keys(object)
  seen.keysBeyond += Math.max(0, keys.length - usualKeys)
  if (seen.keysBeyond > mostBeyond) throw new Unbounded(`has objects with more than ${mostBeyond} keys.`)
  const changed = new Map<string, Json>()
  for (const key of keys) {
    const item = object[key] ?? null
    const kept = inner(item)
    if (kept === null || kept !== item) changed.set(key, kept)
  }
  return changed.size === 0 ? object : changedIn(object, changed)
}

/** The object with other values for some keys, and without those that have none. */
const changedIn = (object: JsonObject, changed: ReadonlyMap<string, Json>): JsonObject =>
  Object.fromEntries(
    Object.entries(object).flatMap(([key, item]) => {
      const kept = changed.has(key) ? (changed.get(key) ?? null) : item
      return kept === null ? [] : [[key, kept]]
    }),
  )

/** What the text says as JSON. @throws SyntaxError | Unbounded */
export const jsonIn = (text: string): Json => withoutNulls(JSON.parse(text) as Json, { keysBeyond: 0 })

const mediaTypeOf = (header: string | undefined): string =>
  header?.split(';', 1)[0]?.trim().toLowerCase() ?? ''

/** @returns the bytes of the body, empty when there is none, or why they are not taken */
export async function readBody(
  request: Pick<UpstreamRequest, 'body' | 'headers'>,
  accepted: readonly string[],
): Promise<Buffer | V7Refusal> {
  if (!request.body) return Buffer.alloc(0)
  const bytes = await readBytes(request.body).catch(() => 'broken' as const)
  if (bytes === 'broken') return refused('invalid_request', 'The request body ended before it was complete.')
  if (!bytes) return refused('too_large', `The request body is larger than ${limitBytes} bytes.`)
  if (bytes.length > 0 && !accepted.includes(mediaTypeOf(request.headers['content-type'])))
    return refused('unsupported_media_type', `Send the body as ${accepted.join(' or ')}.`)
  return bytes
}

/** What came as a body: parsed when it is JSON, as text when the operation takes another type. */
export interface Body {
  readonly json: Json | undefined
  readonly text: string | undefined
}

export const noBody: Body = { json: undefined, text: undefined }

/** @returns the body without its nulls, none for null alone, or a refusal when it is declared as JSON and is none */
export function parseBody(
  bytes: Buffer,
  contentType: string | undefined,
): { readonly body: Body } | V7Refusal {
  if (bytes.length === 0) return { body: noBody }
  const text = bytes.toString('utf8')
  if (mediaTypeOf(contentType) !== 'application/json') return { body: { json: undefined, text } }
  try {
    const json = jsonIn(text)
    return { body: json === null ? noBody : { json, text: undefined } }
  } catch (failure) {
    return failure instanceof Unbounded
      ? refused('invalid_request', `The request body ${failure.message}`)
      : refused('invalid_request', 'JSON parse error: the request body is no valid JSON.')
  }
}

/** What to answer when an operation needs a body and got none. */
export const missingBody: V7Refusal = invalid([
  { field: 'body', message: 'Required request body is missing.' },
])
