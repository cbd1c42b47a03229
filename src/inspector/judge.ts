import type { Facts } from './reading.ts'

/** `perhaps`: one of several rules that answer alike refused, and nothing tells which. */
export type Outcome = 'held' | 'refused' | 'perhaps' | 'not reached' | 'not told'

/** A check that the service makes, as people are told of it. */
export interface Rule {
  readonly rule: string
  /** What is looked at, and why. */
  readonly words: string
  /** Where it stands: `RFC 6749 §4.1.3`; `ours` where nothing is published. */
  readonly source: string
  /** Whether this rule, if broken, could have given this answer. */
  refuses(facts: Facts): boolean
  /** Its outcome does not show in a good answer. */
  readonly isSilent?: boolean
}

export interface Explained {
  readonly rule: string
  readonly words: string
  readonly source: string
  readonly outcome: Outcome
}

/** RFC 6749 §5.2. @param noted what the log says when it was this rule; where the log is silent, it may have been */
export const answers =
  (error: string, noted?: RegExp, told?: RegExp) =>
  (facts: Facts): boolean =>
    facts.error === error &&
    (noted === undefined || facts.noted === '' || noted.test(facts.noted)) &&
    (told === undefined || told.test(facts.told))

export const withStatus =
  (...statuses: readonly number[]) =>
  ({ status }: Facts): boolean =>
    statuses.includes(status)

/** Never refuses: a step that is told for the sake of the whole. */
export const never = (): boolean => false

const isGood = ({ status, error }: Facts): boolean => status > 0 && status < 400 && error === undefined

const shown = ({ rule, words, source }: Rule, outcome: Outcome): Explained => ({
  rule,
  words,
  source,
  outcome,
})

/**
 * Judges which rule refused, by the answer and the log.
 * @param rules in the order in which they are checked, each of them only if all before it held
 */
export function judge(rules: readonly Rule[], facts: Facts): readonly Explained[] {
  if (isGood(facts)) return rules.map((rule) => shown(rule, rule.isSilent ? 'not told' : 'held'))
  const candidates = new Set(rules.filter((rule) => rule.refuses(facts)))
  const first = rules.findIndex((rule) => candidates.has(rule))
  if (first < 0) return rules.map((rule) => shown(rule, 'not told'))
  const last = rules.findLastIndex((rule) => candidates.has(rule))
  return rules.map((rule, index) => {
    if (index < first) return shown(rule, rule.isSilent ? 'not told' : 'held')
    if (index > last) return shown(rule, 'not reached')
    if (candidates.size === 1) return shown(rule, 'refused')
    return shown(rule, candidates.has(rule) ? 'perhaps' : 'not told')
  })
}
