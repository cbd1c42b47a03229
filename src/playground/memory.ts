import type { Answered } from './answered.ts'

/** A client as the playground plays it: a seeded integration, or one that was registered here. */
export interface PlayedClient {
  readonly clientId: string
  /** Undefined for a public client. */
  readonly clientSecret: string | undefined
  readonly name: string
  readonly scopes: readonly string[]
  /** Where its authorization answers arrive; undefined for a device. */
  readonly redirectUri: string | undefined
}

/** A client of one's own that was sent to the registration endpoint, and what came of it. */
export interface Registration {
  /** Undefined when it was refused. */
  readonly client: PlayedClient | undefined
  readonly answer: Answered
}

export interface TokenSet {
  readonly accessToken: string
  /** Undefined when none was issued. */
  readonly refreshToken: string | undefined
  readonly scopes: readonly string[]
  /** End of the access token, epoch ms on the workspace's clock. */
  readonly expiresAt: number
}

/** What stands on one card: each state of a connection has what it needs and nothing else. */
export type ConnectionState =
  /** The browser was sent to the authorization endpoint (RFC 6749 §4.1.1). */
  | {
      readonly kind: 'asked'
      readonly client: PlayedClient
      readonly state: string
      readonly verifier: string
    }
  /** A device waits for its person (RFC 8628 §3.3). */
  | {
      readonly kind: 'device'
      readonly client: PlayedClient
      readonly deviceCode: string
      readonly userCode: string
      readonly verificationUri: string
      /** With the code filled in. */
      readonly link: string
      readonly intervalSeconds: number
      readonly expiresAt: number
      readonly last: Answered | undefined
    }
  | {
      readonly kind: 'tokens'
      readonly client: PlayedClient
      readonly tokens: TokenSet
      /** Once it logged out, the tokens stay to show that they are dead. */
      readonly isLoggedOut: boolean
      readonly last: Answered | undefined
    }
  /** The request ended without tokens. */
  | { readonly kind: 'refused'; readonly client: PlayedClient; readonly last: Answered }
  /** A pasted User API Token (product documentation 2.4). */
  | {
      readonly kind: 'connector'
      readonly apiKey: string
      readonly accountGroup: string
      /** Empty when the key was no token at all and nothing was sent. */
      readonly answers: readonly Answered[]
    }

export type Connection = ConnectionState & {
  /** Names it within its browser, as `c3`. */
  readonly id: string
}

/** What the playground remembers of one browser. */
export interface BrowserMemory {
  /** Newest first. */
  readonly connections: readonly Connection[]
  /** Newest first. */
  readonly registrations: readonly Registration[]
}

export interface PlaygroundMemory {
  /** Of an unknown browser: nothing. */
  of(browser: string): BrowserMemory
  /** Adds a connection in front; the oldest goes when there are too many. */
  add(browser: string, state: ConnectionState): Connection
  /** Puts another state in its place; without effect when it is gone. */
  change(browser: string, id: string, state: ConnectionState): void
  remove(browser: string, id: string): void
  addRegistration(browser: string, registration: Registration): void
  clear(): void
}

export const memoryBounds = { browsers: 200, connections: 20, registrations: 10 } as const

const nothing: BrowserMemory = { connections: [], registrations: [] }

/** In this process alone and bounded: the oldest browser goes, and with it what it held. */
export function openMemory(): PlaygroundMemory {
  const browsers = new Map<string, BrowserMemory>()
  let count = 0

  /** Puts it behind all others, so that the map's order is that of use. */
  function keep(browser: string, memory: BrowserMemory): void {
    browsers.delete(browser)
    browsers.set(browser, memory)
    if (browsers.size <= memoryBounds.browsers) return
    const [oldest] = browsers.keys()
    if (oldest !== undefined) browsers.delete(oldest)
  }

  const of = (browser: string): BrowserMemory => browsers.get(browser) ?? nothing

  return {
    of,
    add(browser, state) {
      count += 1
      const connection = { ...state, id: `c${count}` }
      const { connections, registrations } = of(browser)
      keep(browser, {
        connections: [connection, ...connections].slice(0, memoryBounds.connections),
        registrations,
      })
      return connection
    },
    change(browser, id, state) {
      const memory = of(browser)
      if (!memory.connections.some((connection) => connection.id === id)) return
      const connections = memory.connections.map((each) => (each.id === id ? { ...state, id } : each))
      keep(browser, { ...memory, connections })
    },
    remove(browser, id) {
      const memory = of(browser)
      if (memory === nothing) return
      keep(browser, { ...memory, connections: memory.connections.filter((each) => each.id !== id) })
    },
    addRegistration(browser, registration) {
      const memory = of(browser)
      const registrations = [registration, ...memory.registrations].slice(0, memoryBounds.registrations)
      keep(browser, { ...memory, registrations })
    },
    clear: () => browsers.clear(),
  }
}
