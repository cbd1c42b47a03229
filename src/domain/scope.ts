/** A permission word of a token, as `tests:read` (RFC 6749 §3.3). */
export interface ScopeWord {
  readonly name: string
  /** What it lets an integration do, in words for the confirm page. */
  readonly meaning: string
}

/** @returns the scope words of a `scope` value: space separated, empty ones dropped (RFC 6749 §3.3) */
export const scopeList = (scope: string): readonly string[] => scope.split(' ').filter((word) => word !== '')

/**
 * Whether granted scopes open an operation. `:manage` implies `:read` of the same resource (thousandeyes-facts 1.3, inferred).
 * @param granted scope words of the token
 * @param accepted scope words of the operation, any one of which opens it
 */
export function opens(granted: ReadonlySet<string>, accepted: readonly string[]): boolean {
  for (const word of accepted)
    if (granted.has(word) || (word.endsWith(':read') && granted.has(`${word.slice(0, -4)}manage`)))
      return true
  return false
}
