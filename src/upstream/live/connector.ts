import { type LookupAddress, type LookupOptions, lookup as lookUp } from 'node:dns'
import { createSecureContext, getCACertificates } from 'node:tls'
import { buildConnector, Pool } from 'undici'
import type { LiveSettings } from './live-settings.ts'
import { TunnelRefused } from './trouble.ts'

type Connector = buildConnector.connector

/** Makes connections. */
export interface Connecting {
  readonly connect: Connector
  close(): Promise<void>
}

type LookedUp = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void

/**
 * Looks a name up once for all who ask while it is being looked up: each takes a thread of few, which passwords are hashed on too
 * (libraries: trap 15), and a resolver that does not answer would take them all. Nothing is remembered (trap 11).
 */
function lookupOnce(): (hostname: string, options: LookupOptions, done: LookedUp) => void {
  const waiting = new Map<string, LookedUp[]>()
  return (hostname, options, done) => {
    const key = `${hostname} ${options.all === true} ${options.family ?? 0}`
    const others = waiting.get(key)
    if (others) return void others.push(done)
    const all = [done]
    waiting.set(key, all)
    lookUp(hostname, options, (...found) => {
      waiting.delete(key)
      for (const one of all) one(...(found as Parameters<LookedUp>))
    })
  }
}

const basicOf = ({ username, password }: URL): string =>
  Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')

/** Connections through a proxy: a tunnel for each (RFC 9110 §9.3.6), in which TLS is spoken with the upstream itself. */
function tunnelling(proxy: URL, secure: Connector, options: buildConnector.BuildOptions): Connecting {
  const pool = new Pool(proxy.origin, {
    connect: { ...options, timeout: options.timeout ?? 0 },
    allowH2: false,
    headersTimeout: options.timeout ?? 0,
  })
  const headers: Record<string, string> =
    proxy.username === '' ? {} : { 'proxy-authorization': `Basic ${basicOf(proxy)}` }

  async function tunnel(to: buildConnector.Options): Promise<Parameters<buildConnector.Callback>[1]> {
    const name = to.hostname.includes(':') ? `[${to.hostname}]` : to.hostname
    const path = `${name}:${to.port || (to.protocol === 'https:' ? 443 : 80)}`
    const { socket, statusCode } = await pool.connect({ path, headers: { ...headers, host: path } })
    if (statusCode === 200) return socket as Parameters<buildConnector.Callback>[1]
    socket.on('error', () => undefined).destroy()
    throw new TunnelRefused(`the proxy answered ${statusCode}`)
  }

  const connect: Connector = (to, callback) => {
    tunnel(to).then(
      (socket) => {
        if (!socket) return callback(new TunnelRefused('the proxy gave no connection'), null)
        if (to.protocol === 'https:') secure({ ...to, httpSocket: socket }, callback)
        else callback(null, socket)
      },
      (error: Error) => callback(error, null),
    )
  }
  return { connect, close: () => pool.destroy() }
}

/** How regions are connected to: the public authorities and those of the settings, within the time, through the proxy if there is one. */
export function openConnecting({ authorities, connectTimeout, proxy }: LiveSettings): Connecting {
  const options = {
    timeout: connectTimeout * 1_000,
    lookup: lookupOnce(),
    allowH2: false,
    // Whatever the environment of the process says.
    rejectUnauthorized: true,
    // Made once: it holds more than a hundred certificates.
    secureContext: createSecureContext({
      ca: [...getCACertificates('default'), ...(authorities === undefined ? [] : [authorities])],
    }),
  }
  const secure = buildConnector(options)
  return proxy ? tunnelling(proxy, secure, options) : { connect: secure, close: () => Promise.resolve() }
}
