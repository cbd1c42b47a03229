/** What the gateway would say to a call, rule by rule; nothing was counted, noted or sent for it. */
export interface Explanation {
  /** `open` when a rule rests on what only a call to the upstream could tell. */
  readonly verdict: 'passes' | 'refused' | 'open'
  /** In the order in which they are judged, up to the one that refuses. */
  readonly rules: readonly ExplainedRule[]
  /** What the caller would be answered instead of the upstream's answer. */
  readonly refusal?: {
    readonly rule: string
    readonly status: number
    readonly code: string
    readonly detail: string
  }
}

export interface ExplainedRule {
  readonly rule: string
  readonly outcome: 'passed' | 'refused' | 'open'
  /** Why, for a person. */
  readonly words: string
}
