import type { Branded } from './brand.ts'

/** The `aid` of v7: digits, carried as text since API v7. */
export type AccountGroupId = Branded<'AccountGroupId'>

export interface AccountGroup {
  readonly aid: AccountGroupId
  readonly name: string
  /** Calls without an `aid` go to the login account group. */
  readonly isLogin: boolean
}

/** @returns the account group id, or undefined when the text is no decimal number of 1 to 18 digits */
export function parseAccountGroupId(text: string): AccountGroupId | undefined {
  return /^[1-9]\d{0,17}$/.test(text) ? (text as AccountGroupId) : undefined
}
