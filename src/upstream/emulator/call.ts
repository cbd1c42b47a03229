import type { AuditTrail } from '#audit/audit.ts'
import type { RegionId } from '#domain/region.ts'
import type { Directory } from '#identity/directory.ts'
import type { UserApiTokens } from '#identity/user-api-tokens.ts'
import type { OperationRow } from '#upstream/operation-rows.ts'
import type { Caller } from './caller.ts'
import type { Dialect } from './dialects.ts'
import type { Json } from './json.ts'
import type { Model } from './model.ts'
import type { Permissions } from './permissions.ts'
import type { V7Refusal } from './refusals.ts'
import type { Draft } from './state.ts'

/** What every call may use beside the state. */
export interface Surroundings {
  readonly model: Model
  readonly permissions: Permissions
  readonly dialect: Dialect
  readonly directory: Directory
  readonly userApiTokens: UserApiTokens
  /** Where sign-ins are recorded. */
  readonly trail: AuditTrail
  readonly randomBytes: (count: number) => Buffer
}

/** One call after the common checks: the caller is known, may do it, reaches the account group, and the body fits its schema. */
export interface Call extends Surroundings {
  readonly row: OperationRow
  readonly region: RegionId
  readonly caller: Caller
  /** The account group that the call is for. */
  readonly aid: string
  readonly parameters: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** The values of `expand`, whether they came as a comma list or repeated. */
  readonly expand: ReadonlySet<string>
  /** The parsed body without its nulls; undefined when the operation takes none or none came. */
  readonly body: Json | undefined
  /** The body as it came, when it is of another type than JSON. */
  readonly text: string | undefined
  /** Reads of a GET, reads and writes of everything else. */
  readonly state: Draft
  /** Epoch ms. */
  readonly now: number
  /** The User API Token of the call, if it was made with one. */
  readonly presentedToken: string | undefined
  /** Absolute address of a path below /v7, with `?aid=` when the request had it (v7-notes section 4). */
  readonly href: (path: string) => string
}

export interface Answer {
  readonly status: number
  /** Left out for an answer without a body, and for one that is text already. */
  readonly body?: Json
  /** The body as JSON text, where parts of it are kept as text. */
  readonly text?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Depends on more than state, caller and request (on time, say), so that it is not kept for the next same call. */
  readonly varies?: true
}

/** Answers one operation. It gets its call, returns an answer or a refusal, and never throws for what a client may do. */
export type Answerer = (call: Call) => Answer | V7Refusal | Promise<Answer | V7Refusal>

/** By operation id of the official document. */
export type Answerers = Readonly<Record<string, Answerer>>
