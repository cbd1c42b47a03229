import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { AccountGroupId } from '#domain/account-group.ts'
import type { Awaitable } from '#domain/awaitable.ts'
import type { Integration } from '#domain/integration.ts'
import type { Operation } from '#domain/operation.ts'
import type { User } from '#domain/user.ts'
import type { Access } from '#grants/grants.ts'

/** Who presented the token. `nobody` opens nothing: a check that ran too early refuses. */
export type Caller =
  | { readonly kind: 'nobody' }
  | {
      readonly kind: 'integration'
      readonly user: User
      readonly access: Access
      readonly integration: Integration
    }
  /** A User API Token has no scopes of its own: it opens what its user may. */
  | { readonly kind: 'user'; readonly user: User; readonly token: string }

/** The request target in its canonical form (target.ts). */
export interface Target {
  /** As sent, without the query: `/v7/tests/7`. */
  readonly path: string
  /** Below `/v7`, percent-decoded once. */
  readonly segments: readonly string[]
  readonly query: URLSearchParams
}

/** An operation with the values of the braces in its path. */
export interface Match {
  readonly operation: Operation
  readonly parameters: Readonly<Record<string, string>>
}

/** One request on its way through the checks; each check fills in what it found out. */
export interface Call {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly id: string
  readonly address: string
  /** Where the stopwatch of the metrics stood. */
  readonly beganAt: number
  target: Target
  caller: Caller
  match: Match
  /** The account group that the call is for; undefined for the user's login account group. */
  accountGroup: AccountGroupId | undefined
  /** The request body, where a check had to read it. */
  body: Buffer | undefined
  /** What the rate windows add to the answer: name, value, name, value. */
  readonly rateHeaders: string[]
}

export interface Answer {
  readonly status: number
  /** Name, value, name, value: the form that writeHead takes as it is. */
  readonly headers: readonly string[]
  readonly body: string | Buffer | Readable | undefined
  /** Why it is no success, as a word for the log; undefined for the upstream's own answers. */
  readonly code?: string
  /** More for the log, never for the caller. */
  readonly note?: string
}

/** One link of the gateway's order: an answer ends the call, undefined lets it go on. Promises only where something is awaited. */
export type Check = (call: Call) => Awaitable<Answer | undefined>

/** Matches before anything is known: no scope opens it. */
const nothing: Match = {
  operation: {
    id: 'none',
    method: 'GET',
    path: '',
    scopes: [],
    isRead: false,
    takesAccountGroup: false,
    otherGroups: undefined,
    bucket: undefined,
    query: [],
  },
  parameters: {},
}

const nowhere: Target = { path: '/v7', segments: [], query: new URLSearchParams() }

export const newCall = (
  exchange: { readonly request: IncomingMessage; readonly response: ServerResponse },
  { id, address, beganAt }: Pick<Call, 'id' | 'address' | 'beganAt'>,
): Call => ({
  request: exchange.request,
  response: exchange.response,
  id,
  address,
  beganAt,
  target: nowhere,
  caller: { kind: 'nobody' },
  match: nothing,
  accountGroup: undefined,
  body: undefined,
  rateHeaders: [],
})
