/** Why an account at ThousandEyes could not be linked. */
export type LinkProblem =
  /** What was pasted does not look like a User API Token. */
  | 'token-malformed'
  /** ThousandEyes refused it. */
  | 'token-rejected'
  /** It opens ThousandEyes, as somebody else. */
  | 'token-of-another'
  /** Its user reaches no account group, or may not ask. */
  | 'token-without-reach'
  /** ThousandEyes cannot be asked now. */
  | 'upstream-away'
  | 'too-many'
  /** The keys of this installation are out of order; readiness says more. */
  | 'keys-out-of-order'
  /** Nothing waits for a choice any more. */
  | 'choice-expired'
  /** No account group was chosen, though one has to be. */
  | 'none-chosen'
