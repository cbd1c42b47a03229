import type { Target } from './call.ts'

const prefix = '/v7'

/** RFC 3986 §3.3: what a path segment holds besides percent-encodings. Everything else, backslash included, has no business there. */
const isPathCharacter = new Uint8Array(128)
for (const character of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/%")
  isPathCharacter[character.charCodeAt(0)] = 1

/** `%` with no two hexadecimal digits behind it. */
const brokenEncoding = /%(?![0-9a-f]{2})/i

/**
 * Encodings with a second reading: of unreserved characters, which nobody encodes in earnest (RFC 3986 §6.2.2.2, dots
 * among them), of `%` (decoded twice it becomes something else), of backslash and of control characters.
 */
const ambiguousEncoding = /%(?:[01]|2[5de]|3\d|4[1-9a-f]|5[0-9acf]|6[1-9a-f]|7[0-9aef])/i

/** A slash inside an id is data, but not when it could be taken for a step through the path. */
const stepsInside = /(?:^|\/)\.{0,2}(?:\/|$)/

/** @returns the segment, decoded once; undefined when it is not canonical */
function decodeSegment(raw: string): string | undefined {
  if (raw === '.' || raw === '..') return undefined
  if (!raw.includes('%')) return raw
  if (brokenEncoding.test(raw) || ambiguousEncoding.test(raw)) return undefined
  try {
    const decoded = decodeURIComponent(raw)
    return decoded.includes('/') && stepsInside.test(decoded) ? undefined : decoded
  } catch {
    return undefined // not UTF-8
  }
}

/** Where the path ends; -1 when a character has no place in it. */
function endOfPath(target: string): number {
  for (let index = 0; index < target.length; index += 1) {
    const code = target.charCodeAt(index)
    if (code === 63) return index
    if (isPathCharacter[code] !== 1) return -1
  }
  return target.length
}

/** Printable ASCII and no fragment; `%00` and broken encodings have no reading that all servers share. */
const isCleanQuery = (text: string): boolean =>
  /^[!"$-~]*$/.test(text) && !(text.includes('%') && (brokenEncoding.test(text) || text.includes('%00')))

function segmentsOf(path: string): readonly string[] | undefined {
  const segments: string[] = []
  for (let from = prefix.length + 1; from <= path.length; ) {
    const slash = path.indexOf('/', from)
    const end = slash === -1 ? path.length : slash
    const segment = decodeSegment(path.slice(from, end))
    // An empty segment between slashes vanishes in some servers; at the end it is merely an unknown path.
    if (segment === undefined || (segment === '' && slash !== -1)) return undefined
    segments.push(segment)
    from = end + 1
  }
  return segments
}

/**
 * Parses a request target (RFC 9112 §3.2.1, origin-form only) without a URL parser, because those rewrite what they read
 * (libraries: trap 10). Nothing of it reaches the upstream but the decoded parameters of a matched operation.
 * @param target as it stood on the request line
 * @returns its parts; undefined when it is not canonical; no segments when it lies outside of `/v7`
 */
export function parseTarget(target: string): Target | undefined {
  const end = target.startsWith('/') ? endOfPath(target) : -1
  if (end === -1) return undefined
  const query = target.slice(end + 1)
  if (!isCleanQuery(query)) return undefined
  const path = end === target.length ? target : target.slice(0, end)
  const isBelow = path.startsWith(prefix) && (path.length === 3 || path.charCodeAt(3) === 47)
  const segments = isBelow ? segmentsOf(path) : []
  return segments && { path, segments, query: new URLSearchParams(query) }
}
