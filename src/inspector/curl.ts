import type { Exchange } from '#traffic/traffic.ts'
import { headerOf } from './reading.ts'

// What callers sent goes into a command to paste: single quotes leave a shell nothing to interpret.
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** Headers that say something of the call; the rest belongs to the connection or to the browser. */
const telling = ['authorization', 'content-type', 'accept']

/** The kind of a credential in capitals, to be put in: `<token:1a2b3c4d>` becomes `YOUR-TOKEN`. */
const withPlaceholders = (text: string): string =>
  text.replace(
    /<([\w.-]+):[\w-]{8}>/g,
    (_, kind: string) => `YOUR-${kind.toUpperCase().replaceAll('_', '-')}`,
  )

/** The path is sent as it stands: braces and brackets are no patterns of many addresses, dots lead nowhere. */
const asItStands = 'curl -g --path-as-is'

/**
 * @returns the request as a command, with names in place of its credentials; undefined for what was asked with more than a path or
 * none (RFC 9112 §3.2.2, §3.2.4), as that would lead to another server
 */
export function curlOf({ method, path, query, headers, body }: Exchange, origin: string): string | undefined {
  if (!path.startsWith('/')) return undefined
  const search = new URLSearchParams(
    query.map(([name, value]): [string, string] => [name, withPlaceholders(value)]),
  ).toString()
  const url = `${origin}${withPlaceholders(path)}${search === '' ? '' : `?${search}`}`
  const parts = [
    `${asItStands} ${method === 'GET' ? '' : `-X ${quoted(method)} `}${quoted(url)}`,
    ...telling.flatMap((name) => {
      const value = headerOf(headers, name)
      return value === undefined || value === '*/*'
        ? []
        : [`-H ${quoted(`${name}: ${withPlaceholders(value)}`)}`]
    }),
    ...(body === undefined || body.text === '' ? [] : [`--data-raw ${quoted(withPlaceholders(body.text))}`]),
  ]
  return parts.join(' \\\n  ')
}
