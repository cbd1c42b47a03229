import { drawOf } from './draw.ts'

/** What a test measures against. */
export interface Target {
  readonly host: string
  /** Host and port, or the host alone where there is no port. */
  readonly server: string
  readonly ipAddress: string
  readonly isTls: boolean
  readonly path: string
  /** Of a DNS server that a test names. */
  readonly serverId?: string
}

const ports: Readonly<Record<string, number>> = { 'https:': 443, 'http:': 80, 'ftp:': 21 }

const isAddress = (host: string): boolean => /^\d{1,3}(\.\d{1,3}){3}$/.test(host)

/** A name has one address everywhere, from a documentation range (RFC 5737). */
const addressOf = (host: string): string =>
  isAddress(host) ? host : `192.0.2.${drawOf(`address of ${host}`).whole('address', [1, 254])}`

/** @param prefix `address/length` */
export const targetOfPrefix = (prefix: string): Target => ({
  host: prefix,
  server: prefix,
  ipAddress: prefix.replace(/\/\d+$/, ''),
  isTls: false,
  path: '/',
})

/** @param server `host` or `host:port` */
export function targetOfServer(server: string): Target {
  const host = server.replace(/:\d+$/, '')
  return { host, server, ipAddress: addressOf(host), isTls: false, path: '/' }
}

const largestPort = 65_535

/** The port behind a server's name; 443 where there is none, as after what was written for a URL and is no URL. */
export function portOf(server: string): number {
  const port = Number(/:(\d+)$/.exec(server)?.[1] ?? 443)
  return port <= largestPort ? port : 443
}

/** @param text a URL, with or without its scheme; what is no URL is taken for a name */
export function targetOfUrl(text: string): Target {
  const whole = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `https://${text}`
  if (!URL.canParse(whole)) return targetOfServer(text)
  const { protocol, hostname, port, pathname } = new URL(whole)
  const server = `${hostname}:${port || (ports[protocol] ?? 443)}`
  return {
    host: hostname,
    server,
    ipAddress: addressOf(hostname),
    isTls: protocol === 'https:',
    path: pathname || '/',
  }
}
