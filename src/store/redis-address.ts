/**
 * Where a Redis or Valkey is: one server, the primary that Sentinels name, or the node of a Cluster that holds our slot.
 * Written as one line, which may have secrets in it; `name` has none.
 */

export interface RedisServer {
  readonly host: string
  readonly port: number
}

interface AnyRedisAddress {
  /** As told to people and logs: never with credentials. */
  readonly name: string
  readonly tls: boolean
  readonly username?: string
  readonly password?: string
}

export type RedisAddress =
  | (AnyRedisAddress & {
      readonly shape: 'single'
      readonly servers: readonly [RedisServer]
      readonly database: number
    })
  | (AnyRedisAddress & {
      readonly shape: 'sentinel'
      /** The Sentinels. */
      readonly servers: readonly RedisServer[]
      /** The name by which the Sentinels know the primary. */
      readonly primary: string
      readonly database: number
      readonly sentinelUsername?: string
      readonly sentinelPassword?: string
    })
  | (AnyRedisAddress & {
      readonly shape: 'cluster'
      /** Nodes to ask first; one that answers is enough. */
      readonly servers: readonly RedisServer[]
    })

/** What may be written, in words for a person. */
export const redisAddressWords =
  'redis://HOST:PORT, redis+sentinel://HOST:PORT,HOST:PORT/NAME or redis+cluster://HOST:PORT,HOST:PORT; rediss for TLS'

const form =
  /^(?<scheme>rediss?)(?:\+(?<shape>sentinel|cluster))?:\/\/(?:(?<credentials>[^@/?#]*)@)?(?<servers>[^@/?#]+)(?:\/(?<path>[^?#]*))?(?:\?(?<query>[^#]*))?$/

function serverOf(text: string, defaultPort: number): RedisServer | undefined {
  const [, bracketed, plain, port] = /^(?:\[([\da-fA-F:.]+)\]|([^\s:[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? []
  const host = bracketed ?? plain
  const number = port === undefined ? defaultPort : Number(port)
  return host === undefined || number < 1 || number > 65_535 ? undefined : { host, port: number }
}

const serverName = ({ host, port }: RedisServer): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`

const databaseOf = (text: string): number | undefined => (/^\d{0,5}$/.test(text) ? Number(text) : undefined)

/** @throws URIError */
function credentialsOf(text: string | undefined): Pick<AnyRedisAddress, 'username' | 'password'> {
  if (text === undefined) return {}
  const [username = '', ...password] = text.split(':')
  return {
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password.length === 0 ? {} : { password: decodeURIComponent(password.join(':')) }),
  }
}

const sentinelKeys: ReadonlySet<string> = new Set(['sentinelUsername', 'sentinelPassword'])

/** @param words `NAME` or `NAME/DATABASE`, with what the Sentinels want behind it */
function sentinelOf(
  any: AnyRedisAddress,
  servers: readonly RedisServer[],
  { path, query }: { readonly path: string; readonly query: URLSearchParams },
): RedisAddress | undefined {
  const [primary = '', ...rest] = path.split('/')
  const database = databaseOf(rest.join('/'))
  if (primary === '' || database === undefined || ![...query.keys()].every((key) => sentinelKeys.has(key)))
    return undefined
  const { name, ...others } = any
  return {
    ...others,
    ...Object.fromEntries(query),
    name: `${decodeURIComponent(primary)} of the Sentinels ${name}`,
    shape: 'sentinel',
    servers,
    primary: decodeURIComponent(primary),
    database,
  }
}

function addressOf(text: string): RedisAddress | undefined {
  const groups = form.exec(text)?.groups
  if (!groups) return undefined
  const { scheme, shape = 'single', credentials, servers: list = '', path = '', query: asked = '' } = groups
  const found = list.split(',').map((one) => serverOf(one, shape === 'sentinel' ? 26_379 : 6_379))
  const servers = found.filter((server) => server !== undefined)
  const [first] = servers
  if (!first || servers.length < found.length) return undefined
  const name = servers.map(serverName).join(',')
  const any = { name, tls: scheme === 'rediss', ...credentialsOf(credentials) }
  const query = new URLSearchParams(asked)
  if (shape === 'sentinel') return sentinelOf(any, servers, { path, query })
  if (query.size > 0) return undefined
  if (shape === 'cluster')
    return path === '' ? { ...any, name: `the Cluster ${name}`, shape, servers } : undefined
  const database = databaseOf(path)
  return database === undefined || servers.length > 1
    ? undefined
    : { ...any, shape: 'single', servers: [first], database }
}

/** @returns undefined when the text is not of the forms of `redisAddressWords` */
export function parseRedisAddress(text: string): RedisAddress | undefined {
  try {
    return addressOf(text)
  } catch {
    // A % that begins no escape.
    return undefined
  }
}
