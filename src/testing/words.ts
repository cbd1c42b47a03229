/** The words of the library: what its helpers take and give. Self-contained, so that a test file needs no other types. */

export type Region = 'us1' | 'us2' | 'eu1'

/** A number and ms, s, m, h or d, as `10m`, or a number of seconds. */
export type Span = string | number

/** Who is meant. The region is needed where an e-mail address is two persons' in two regions. */
export interface Person {
  /** An e-mail address, or a user id as `us1.1001`. */
  readonly user: string
  readonly region?: Region | undefined
}

export interface ClockReading {
  readonly now: Date
  /** Ahead of the machine's clock; negative behind it. */
  readonly aheadSeconds: number
  readonly frozen: boolean
}

export interface Snapshot {
  readonly name: string
  readonly records: number
  readonly takenAt: Date
}

export interface EmulatorUser {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly region: Region
  readonly organization: { readonly id: string; readonly name: string }
  readonly locked: boolean
}

/** In seconds. */
export interface Lifetimes {
  readonly access: number
  readonly idle: number
  readonly absolute: number
}

export interface EmulatorIntegration {
  readonly clientId: string
  readonly name: string
  readonly clientSecret?: string
  readonly onPremises: boolean
  readonly grantTypes: readonly string[]
  readonly redirectUris: readonly string[]
  readonly scopes: readonly string[]
  readonly lifetimes: Lifetimes
}

/** Where an authorization request led: the redirect, and each parameter in it. */
export interface AuthorizationAnswer {
  readonly redirect: string
  readonly code?: string
  readonly state?: string
  readonly iss?: string
  readonly error?: string
  readonly error_description?: string
}

/** RFC 6749 §5.1, as it comes over the wire. */
export interface TokenAnswer {
  readonly access_token: string
  readonly refresh_token?: string
  readonly id_token?: string
  readonly token_type: string
  readonly expires_in: number
  readonly scope: string
}

export type TokenKind =
  | 'access_token'
  | 'refresh_token'
  | 'authorization_code'
  | 'device_code'
  | 'user_api_token'

/** Who presses Confirm, and with which account groups checked. */
export interface Approval extends Person {
  /** Ids, as `1101`; left out, all that the user reaches. */
  readonly accountGroups?: readonly string[] | undefined
}

export interface MintWish extends Approval {
  /** A client id, as `sd-wan-manager`; `api-tokens` for a scoped API token. */
  readonly integration: string
  /** Left out, all that the integration may ask for. */
  readonly scopes?: string | readonly string[] | undefined
  /** Of a scoped API token; left out, one that says when it was made. */
  readonly name?: string | undefined
}

export type Bucket = 'calls' | 'instant-test' | 'template-deploy' | 'dashboard-snapshot'

/** Whose window of calls; exactly one of `user` and `organization`. */
export interface BudgetWish {
  readonly user?: string | undefined
  readonly organization?: string | undefined
  readonly region?: Region | undefined
  /** Left out, the window of User API Tokens. */
  readonly integration?: string | undefined
  readonly bucket?: Bucket | undefined
}

/** When a fault strikes; everything given must hold, nothing given is every time. */
export interface FaultOccasion {
  /** An endpoint as `token`, the id of an operation as `getTests`, a surface (`oauth`, `v7`, `pages`), or `*`. */
  readonly on: string
  /** Lets so many requests pass first. */
  readonly skip?: number
  readonly times?: number
  /** Above 0, at most 1. */
  readonly probability?: number
  /** Of the probability: the same seed, the same sequence. 1 when it is left out. */
  readonly seed?: number
  /** On the emulator's clock. */
  readonly from?: Date | string
  readonly until?: Date | string
  /** Of every such span since the epoch, the first `for`. */
  readonly every?: Span
  readonly for?: Span
}

/** What a fault does: exactly one of these. */
export type Disturbance =
  | { readonly latency: Span }
  | { readonly status: number; readonly error?: string }
  | { readonly rateLimit: true }
  | { readonly maintenance: true; readonly retryAfter?: Span }
  /** Ends the connection without an answer: before anything was done, or after everything was. */
  | { readonly drop: 'before' | 'after' }
  /** Sends so many bytes of the body, then ends the connection. */
  | { readonly truncate: number }
  /** Bytes of the body in a second. */
  | { readonly slow: number }

export type Fault = FaultOccasion & Disturbance

/** A fault in the words in which it was given, spans in seconds. */
export type StandingFault = Fault & {
  readonly id: string
  /** Requests that it was asked about. */
  readonly seen: number
  /** Requests that it disturbed. */
  readonly hits: number
}

/** Name and value, in the order sent. */
export type Fields = readonly (readonly [name: string, value: string])[]

export interface JournalBody {
  /** Every credential in it is redacted. */
  readonly text: string
  readonly bytes: number
  readonly isCut: boolean
}

/** One request with its answer. */
export interface Exchange {
  readonly id: number
  readonly at: Date
  readonly durationMs?: number
  readonly surface: 'oauth' | 'v7' | 'pages'
  readonly name?: string
  readonly method: string
  readonly path: string
  readonly query: Fields
  readonly address: string
  readonly headers: Fields
  readonly body?: JournalBody
  /** Left out when the connection ended without one. */
  readonly answer?: {
    readonly status: number
    readonly headers: Fields
    readonly body?: JournalBody
    readonly isWhole: boolean
  }
  readonly fault?: string
  readonly notes: readonly { readonly event: string; readonly code?: string; readonly detail?: string }[]
}

/** Mail to a user, as it would be sent. */
export interface Message {
  readonly id: string
  readonly sentAt: Date
  readonly to: string
  readonly subject: string
  readonly text: string
}

/** What to look for; everything given must match. */
export interface ExchangeQuery {
  readonly surface?: 'oauth' | 'v7' | 'pages'
  /** An endpoint as `token`, or the id of an operation as `getTests`. */
  readonly name?: string
  readonly method?: string
  /** The beginning of the path. */
  readonly path?: string
  readonly status?: number
  readonly clientId?: string
  /** Only exchanges with a greater id. */
  readonly after?: number
}
