import { type UpstreamTrouble, UpstreamUnavailable } from '#upstream/upstream.ts'

/** The proxy did not open a tunnel. */
export class TunnelRefused extends Error {
  override readonly name = 'TunnelRefused'
  readonly code = 'TUNNEL_REFUSED'
}

const unreachable: ReadonlySet<string> = new Set([
  'EADDRNOTAVAIL',
  'EAI_AGAIN',
  'EAI_FAIL',
  'ECONNREFUSED',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'ETIMEDOUT',
  'TUNNEL_REFUSED',
  'UND_ERR_CONNECT_TIMEOUT',
])

const inTime: ReadonlySet<string> = new Set(['UND_ERR_BODY_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT'])

/** The codes of OpenSSL's verification and of Node's own, as CERT_HAS_EXPIRED, SELF_SIGNED_CERT_IN_CHAIN, ERR_TLS_CERT_ALTNAME_INVALID. */
const untrusted = /CERT|UNABLE_TO|SIGNATURE|ERR_SSL|ERR_TLS|^EPROTO$|HOSTNAME_MISMATCH/

/** Of connections that the other side closed. */
const closed: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])

const codeOf = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : ''
}

function troubleOf(error: unknown): UpstreamTrouble {
  const code = codeOf(error)
  if (unreachable.has(code)) return 'unreachable'
  if (inTime.has(code)) return 'timeout'
  return untrusted.test(code) ? 'untrusted' : 'broken'
}

/** What went wrong, in the words of the port. */
export const unavailable = (error: unknown): UpstreamUnavailable =>
  error instanceof UpstreamUnavailable ? error : new UpstreamUnavailable(troubleOf(error), { cause: error })

/** Whether the connection was closed under a request, as happens to one that was kept for too long (RFC 9112 §9.3.1). */
export const isClosing = (error: unknown): boolean => closed.has(codeOf(error))
