import type { AccountGroupId } from './account-group.ts'

/** What a person decides on the confirm page. */
export type Decision =
  | { readonly choice: 'logout' }
  | {
      readonly choice: 'confirm'
      /** Those that stand checked; undefined for all that the user reaches. */
      readonly accountGroups: readonly AccountGroupId[] | undefined
    }

/** What became of an authorization request. */
export type Completion =
  /** Where the browser is sent: the integration's redirect URI with a code or an error. */
  | { readonly kind: 'redirect'; readonly redirect: URL }
  /** It may not be answered by a redirect (RFC 6749 §4.1.2.1). */
  | {
      readonly kind: 'refused'
      readonly status: number
      readonly error: string
      readonly description: string
    }
