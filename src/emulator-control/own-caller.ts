import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import { type ControlRefusal, found, refuseWith } from './refusals.ts'

/** Where a request may come from: programs, and pages of the workspace's own origin. */
export interface OwnOrigin {
  readonly origin: string
  /** Further names that the configuration gives this server. */
  readonly allowsHost: (host: string) => boolean
}

/**
 * Whether a Host header can only mean this server: a page of somebody else's cannot make its own name lead here (DNS rebinding)
 * and have this one. Addresses and `localhost` are nobody's, so any port will do: containers are reached through mapped ones.
 */
function isSafeHost(host: string, { origin, allowsHost }: OwnOrigin): boolean {
  const name = URL.parse(`http://${host}`)?.hostname.replace(/^\[|\]$/g, '') ?? ''
  return (
    host.toLowerCase() === new URL(origin).host ||
    name === 'localhost' ||
    isIP(name) !== 0 ||
    allowsHost(host)
  )
}

/**
 * No web page may drive a developer's emulator. Browsers say where a request comes from, programs do not.
 * @returns why the caller is refused; undefined for programs and own pages
 */
export function foreignCaller(headers: IncomingHttpHeaders, own: OwnOrigin): ControlRefusal | undefined {
  const host = headers.host ?? ''
  if (!isSafeHost(host, own))
    return refuseWith(
      421,
      'unknown_host',
      `Host: ${found(host)}; allowed are ${new URL(own.origin).host}, localhost, IP addresses, and allowedHosts of the configuration`,
    )
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    return refuseWith(
      403,
      'foreign_page',
      'A page of another origin asked; allowed are programs and own pages.',
    )
  if (headers.origin !== undefined && headers.origin !== own.origin)
    return refuseWith(
      403,
      'foreign_page',
      `Origin: ${found(headers.origin)}; allowed is none, as programs send, or ${own.origin}`,
    )
  return undefined
}
