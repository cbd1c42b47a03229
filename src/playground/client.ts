/** The playground as an OAuth client and v7 caller: what an integration does, through our own public endpoints. */
import type { Clock } from '#domain/clock.ts'
import type { RegionId } from '#domain/region.ts'
import type { Answered } from './answered.ts'
import type { Call } from './call.ts'
import type { ConnectionState, PlayedClient, Registration } from './memory.ts'

export type AskedState = Extract<ConnectionState, { kind: 'asked' }>
export type DeviceState = Extract<ConnectionState, { kind: 'device' }>
export type TokensState = Extract<ConnectionState, { kind: 'tokens' }>

/** Who is going to sign in, so that the form is filled in already. */
export interface Expected {
  readonly email: string
  readonly region: RegionId
}

export interface ClientParts {
  readonly call: Call
  readonly clock: Clock
  readonly origin: URL
  readonly randomBytes: (size: number) => Buffer
}

export interface PlaygroundClient {
  /** Begins the authorization code flow. @returns its state, and where the browser goes (RFC 6749 §4.1.1, RFC 7636 §4.3) */
  authorize(
    client: PlayedClient,
    expected: Expected | undefined,
  ): { readonly state: AskedState; readonly location: string }
  /** The answer arrived at the redirect URI (RFC 6749 §4.1.2, RFC 9207 §2.4). @param query in full, decoded */
  arrive(asked: AskedState, query: URLSearchParams): Promise<ConnectionState>
  /** RFC 8628 §3.1. */
  askForCode(client: PlayedClient): Promise<ConnectionState>
  /** One poll (RFC 8628 §3.4), whatever the interval says: the answer shows what comes of haste. */
  poll(device: DeviceState): Promise<ConnectionState>
  /** RFC 6749 §6. The old tokens stay when it is refused. */
  refresh(connection: TokensState): Promise<ConnectionState>
  /** Revokes the refresh token, or the access token where there is none, and so the connection (RFC 7009 §2.1). */
  logOut(connection: TokensState): Promise<ConnectionState>
  /** GET on a path of v7. @param accountGroup `aid`; none when empty */
  read(token: string, path: string, accountGroup: string): Promise<Answered>
  /** RFC 7591 §3.1. */
  register(metadata: object): Promise<Registration>
}
