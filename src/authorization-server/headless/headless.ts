/**
 * Headless: what a person does in a browser, done by a program that owns the server: for the emulator's control API alone.
 * Authorization requests go through the engine's own endpoints and grants through the same records and audit entries; only the
 * pages and the password are left out. Issues nothing that the protocol would not.
 */
import type { Provider } from 'oidc-provider'
import type { AccountGroup } from '#domain/account-group.ts'
import type { Completion, Decision } from '#domain/authorization.ts'
import type { Integration } from '#domain/integration.ts'
import type { User } from '#domain/user.ts'
import type { Inject } from '#http/inject.ts'
import type { GrantWork } from '../grant-work.ts'
import type { AuthorizationServerParts } from '../parts.ts'
import type { SealedRecords } from '../sealed-records.ts'
import type { UnitsOfWork } from '../unit-of-work.ts'
import { completeAuthorization } from './complete-authorization.ts'
import { type DeviceDecision, decideDevice } from './decide-device.ts'
import { mintTokens, type TokenAnswer } from './mint-tokens.ts'
import { type TokenControl, tokenControl } from './token-control.ts'

export interface HeadlessParts {
  readonly provider: Provider
  readonly parts: AuthorizationServerParts
  readonly units: UnitsOfWork
  readonly work: GrantWork
  readonly records: SealedRecords
  /** Sends a request through the whole authorization server. */
  readonly inject: Inject
  readonly accountGroupsOf: (user: User) => Promise<readonly AccountGroup[]>
}

export interface Headless {
  /** Signs the user in and presses Confirm, or Logout. @param url an authorization request to this server (RFC 6749 §4.1.1) */
  complete(url: URL, user: User, decision: Decision): Promise<Completion>
  /** Decides on a device authorization as the user (RFC 8628 §3.3). */
  decideDevice(userCode: string, user: User, decision: Decision): Promise<DeviceDecision>
  /** Connects the user to the integration at once. @returns the token answer (RFC 6749 §5.1) */
  mint(
    integration: Integration,
    user: User,
    wanted: {
      readonly scopes: readonly string[]
      /** Undefined for all that the user reaches. */
      readonly accountGroups: readonly AccountGroup['aid'][] | undefined
    },
  ): Promise<TokenAnswer>
  readonly tokens: TokenControl
  /** The account groups that a connection of the user may be limited to. */
  accountGroupsOf(user: User): Promise<readonly AccountGroup[]>
}

export const openHeadless = (parts: HeadlessParts): Headless => ({
  complete: completeAuthorization(parts),
  decideDevice: decideDevice(parts),
  mint: mintTokens(parts),
  tokens: tokenControl(parts),
  accountGroupsOf: parts.accountGroupsOf,
})
