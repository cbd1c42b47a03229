import type { AccountGroupId } from './account-group.ts'
import type { Branded } from './brand.ts'
import type { CallLimits } from './call-limits.ts'
import type { RegionId } from './region.ts'
import type { UserId } from './user.ts'

/** The public handle of a grant: it prefixes every token of the connection and names its record (DECISIONS 5). */
export type GrantTag = Branded<'GrantTag'>

/** A grant as people see it: one user's connection to one integration (DECISIONS 4). */
export interface Connection {
  readonly tag: GrantTag
  readonly userId: UserId
  readonly region: RegionId
  readonly clientId: string
  readonly scopes: readonly string[]
  readonly accountGroups: readonly AccountGroupId[]
  /** Those that it was made with; undefined when nothing limited it. */
  readonly limits?: CallLimits
  /** The name that the user gave, where it is a scoped API token. */
  readonly apiToken?: string
  readonly createdAt: number
  /** Of its first token answer; undefined before it, and for connections of before this was kept. */
  readonly firstUsedAt: number | undefined
  /** Of its last token answer or call, to the minute; as `createdAt` before the first. */
  readonly lastUsedAt: number
  /** From where that came; undefined when it was not kept. */
  readonly lastUsedAddress: string | undefined
  readonly expiresAt: number
}

/** @returns the tag, or undefined when the text is not 16 base64url characters */
export const parseGrantTag = (text: string): GrantTag | undefined =>
  /^[\w-]{16}$/.test(text) ? (text as GrantTag) : undefined
