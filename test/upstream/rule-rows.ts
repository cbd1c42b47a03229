import { readFileSync } from 'node:fs'
import { load } from 'js-yaml'

type Fields = Readonly<Record<string, unknown>>

/** One of test/upstream/rule-examples.yaml. */
export interface RuleRow {
  readonly id: string
  readonly at: string
  readonly collection: string
  readonly keeps: Fields
  readonly breaks: Fields
  readonly field?: string
  readonly isSetOnce?: true
}

interface Examples {
  readonly bases: Readonly<Record<string, Fields>>
  readonly names: Readonly<Record<string, string>>
  readonly rows: readonly RuleRow[]
}

export const examples: Examples = load(readFileSync('test/upstream/rule-examples.yaml', 'utf8')) as Examples
