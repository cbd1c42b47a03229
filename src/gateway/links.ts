import { Transform } from 'node:stream'

/** Points the links of answers at us: clients follow them as they are, with our token (security-cases G18). */
export interface LinkRewriter {
  text(json: string): string
  bytes(json: Buffer): Buffer
  /** For bodies of any length; holds back no more than a link could be long. */
  stream(): Transform
}

/** White space that a serializer may put beside the colon; with more of it a link is left alone. */
const maxSpace = 8

/** The origin as a pattern: schemes and names of hosts know no case, and a port that goes without saying may be said (RFC 3986 §6.2.2, §6.2.3). */
function originPattern(origin: string): string {
  const { protocol, port } = new URL(origin)
  const literal = origin.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('/', String.raw`\\?/`)
  return `(?i:${literal})${port === '' ? `(?::${protocol === 'https:' ? 443 : 80})?` : ''}`
}

/** Of `:443`. */
const saidPort = 4

/**
 * Finds links in JSON without parsing it: inside of a string the quotes of the key would stand behind a backslash.
 * Slashes may be escaped (RFC 8259 §7).
 */
function hrefPattern(origin: string): RegExp {
  const colon = String.raw`\s{0,${maxSpace}}:\s{0,${maxSpace}}`
  return new RegExp(String.raw`("href"${colon}")${originPattern(origin)}(?=\\?[/?#"])`, 'g')
}

/** @returns undefined when the upstream already writes our origin, so that nothing is to be done */
export function linkRewriter(upstreamOrigin: string, origin: string): LinkRewriter | undefined {
  if (upstreamOrigin === origin) return undefined
  const pattern = hrefPattern(upstreamOrigin)
  const longest = '"href":"'.length + 2 * maxSpace + 2 * upstreamOrigin.length + saidPort + 2
  const text = (json: string): string => json.replace(pattern, (_match, key: string) => key + origin)

  /** Rewrites up to where a link could begin that the next chunk completes. */
  function settle(held: string): { readonly done: string; readonly rest: string } {
    const safe = Math.max(0, held.length - longest)
    let done = ''
    let end = 0
    for (const match of held.matchAll(pattern)) {
      if (match.index >= safe) break
      done += held.slice(end, match.index) + (match[1] ?? '') + origin
      end = match.index + match[0].length
    }
    const settled = Math.max(end, safe)
    return { done: done + held.slice(end, settled), rest: held.slice(settled) }
  }

  return {
    text,
    // One character a byte, so that text in UTF-8 comes through whole; the origins themselves are ASCII.
    bytes: (json) => Buffer.from(text(json.toString('latin1')), 'latin1'),
    stream() {
      let rest = ''
      return new Transform({
        transform(chunk: Buffer | string, _encoding, done) {
          const settled = settle(rest + Buffer.from(chunk).toString('latin1'))
          rest = settled.rest
          done(null, Buffer.from(settled.done, 'latin1'))
        },
        flush(done) {
          done(null, Buffer.from(text(rest), 'latin1'))
        },
      })
    },
  }
}

/**
 * A `Location` for our caller: the upstream's own becomes ours, a path stays, and an address anywhere else does not pass,
 * as it would lead the caller away with our token.
 */
export function ownLocation(location: string, upstreamOrigin: string, origin: string): string | undefined {
  const own = new RegExp(`^${originPattern(upstreamOrigin)}(?=[/?#]|$)`).exec(location)
  if (own) return origin + location.slice(own[0].length)
  return /^\/(?![/\\])/.test(location) ? location : undefined
}
