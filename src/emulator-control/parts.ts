/**
 * What the control API needs of the rest, as ports of its own: the composition gives each an adapter. Every method that names a
 * thing that does not exist answers undefined or false, never throws; what throws is a failure (503).
 */

import type { AccountGroup, AccountGroupId } from '#domain/account-group.ts'
import type { Completion, Decision } from '#domain/authorization.ts'
import type { Awaitable } from '#domain/awaitable.ts'
import type { AdjustableClock } from '#domain/clock.ts'
import type { Integration, TokenLifetimes } from '#domain/integration.ts'
import type { Operation } from '#domain/operation.ts'
import type { TokenKind } from '#domain/token-kind.ts'
import type { User } from '#domain/user.ts'
import type { ApiTokens } from '#grants/api-tokens.ts'
import type { Outbox } from '#mail/mail.ts'
import type { Traffic } from '#traffic/traffic.ts'

export interface WorkspaceFacts {
  readonly name: string
  readonly url: string
}

export interface SnapshotFacts {
  readonly name: string
  readonly records: number
  /** On the workspace's clock when it was taken, epoch ms. */
  readonly takenAt: number
}

/** The workspace that this control API belongs to. */
export interface Workspace extends WorkspaceFacts {
  /**
   * Back to the seed: records, v7 objects, clock, limits, lifetimes, faults and journal; named snapshots stay. Requests under way
   * are finished first, new ones wait.
   */
  reset(): Promise<void>
  readonly snapshots: {
    list(): readonly SnapshotFacts[]
    /** Takes one under the name; one that was there is replaced. */
    take(name: string): Promise<SnapshotFacts>
    /** Puts it back, clock and lifetimes included. @returns false when there is none of that name, in words why it cannot be */
    load(name: string): Promise<boolean | string>
    /** The snapshot as a document to keep in a file; undefined when there is none. */
    read(name: string): object | undefined
    /** Keeps a document of `read` under the name. @returns in words what is wrong with it, or its facts */
    keep(name: string, document: unknown): SnapshotFacts | string
    remove(name: string): boolean
  }
}

/** All workspaces of the process. */
export interface Workspaces {
  list(): readonly WorkspaceFacts[]
  /** Begins one on a port of its own. @param port 0 picks a free one @returns in words why not, or what began */
  create(name: string, port: number): Promise<WorkspaceFacts | string>
  /** Ends it with all it held. @returns false when there is none @throws never for `default`: that answers 'default' */
  remove(name: string): Promise<boolean | 'default'>
}

/** What a person would do in the browser, without one: through the same endpoints, grants and audit entries. */
export interface Authorizations {
  /** The account groups that the user reaches; left out: what is minted is not checked against them. */
  accountGroupsOf(user: User): Promise<readonly AccountGroup[]>
  /** Signs the user in and presses Confirm, or Logout. @param url an authorization request of this server */
  complete(url: URL, user: User, decision: Decision): Promise<Completion>
  /**
   * Decides on a device authorization as the user.
   * @returns `unknown` for a code that is not known, `expired`, or `decided` when it was decided before
   */
  decideDevice(
    userCode: string,
    user: User,
    decision: Decision,
  ): Promise<'done' | 'unknown' | 'expired' | 'decided'>
  /** Connects the user at once. @returns the token answer (RFC 6749 §5.1) with all scopes and account groups that are given */
  mint(
    integration: Integration,
    user: User,
    wanted: {
      readonly scopes: readonly string[]
      readonly accountGroups: readonly AccountGroupId[] | undefined
    },
  ): Promise<object>
}

/** What a test does to a token of any kind, by its value. */
export interface TokenControl {
  /** Ends its life now, without a trace of revocation. @returns its kind; undefined when it is not alive */
  expire(token: string): Promise<TokenKind | undefined>
  /** Ends the connection that it belongs to; a User API Token by itself. */
  revoke(token: string): Promise<TokenKind | undefined>
  /** Makes a refresh token or code one that was used before: its next use is reuse. @returns `unsuited` for other kinds */
  markUsed(token: string): Promise<TokenKind | 'unsuited' | undefined>
}

/** What a call draws from (thousandeyes-facts 6.3). */
export interface Budget {
  readonly bucket: 'calls' | NonNullable<Operation['bucket']>
  readonly region: User['region']
  readonly organizationId: string
  /** The OAuth client whose window it is; undefined for User API Tokens. */
  readonly clientId: string | undefined
}

export interface EmulatorControlParts {
  readonly workspace: Workspace
  readonly workspaces: Workspaces
  readonly clock: AdjustableClock
  readonly traffic: Traffic
  readonly outbox: Outbox
  /** The OpenAPI document of v7 as this workspace serves it. */
  v7Document(): Promise<object>
  readonly authorizations: Authorizations
  readonly tokens: TokenControl
  readonly apiTokens: ApiTokens
  readonly users: {
    all(): Promise<readonly User[]>
    /** Locked: sign-in, refresh and every call are refused until it is lifted. */
    setLocked(user: User, locked: boolean): Promise<void>
  }
  readonly addresses: {
    /** @returns epoch ms until which it is blocked; undefined when limits are off */
    block(address: string): Promise<number | undefined>
    lift(address: string): Promise<void>
  }
  readonly budgets: {
    /** Empties the window that is open now. @returns epoch ms of the next one; undefined when limits are off */
    exhaust(budget: Budget): number | undefined
  }
  readonly integrations: {
    readonly configured: readonly Integration[]
    find(clientId: string): Awaitable<Integration | undefined>
    /** For everything that is issued from now on. */
    setLifetimes(clientId: string, lifetimes: TokenLifetimes): void
  }
  /** Every name that a fault or a journal query may use, endpoints first. */
  readonly names: readonly string[]
  /** Further Host headers that name this server, as `allowedHosts` of the configuration; left out: none. */
  readonly allowsHost?: (host: string) => boolean
  readonly log: (entry: Readonly<Record<string, string | number | undefined>>) => void
}
