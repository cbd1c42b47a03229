import type { Call } from '../call.ts'
import { invalidField, type V7Refusal } from '../refusals.ts'

type Comparison<Row> = (a: Row, b: Row) => number

/** One attribute that a list can be sorted by. */
export interface SortKey<Row> {
  readonly compare: Comparison<Row>
  /** How it is sorted when the call does not say. */
  readonly usual: 'asc' | 'desc'
}

export type SortKeys<Row> = Readonly<Record<string, SortKey<Row>>>

/**
 * How `sort`, a comma list, and `order` want the rows. Rows that are the same in all of it keep their order.
 * @param usual the attribute that counts when none is named
 */
export function sortOf<Row>(
  { query }: Pick<Call, 'query'>,
  keys: SortKeys<Row>,
  usual: string,
): Comparison<Row> | V7Refusal {
  const names = (query.get('sort') ?? usual).split(',').map((name) => name.trim())
  const unknown = names.find((name) => !Object.hasOwn(keys, name))
  if (unknown !== undefined)
    return invalidField('sort', `must be one or more of ${Object.keys(keys).join(', ')}.`)
  const order = query.get('order')
  const comparisons = names.flatMap((name) => {
    const key = keys[name]
    if (!key) return []
    const sign = (order ?? key.usual) === 'asc' ? 1 : -1
    return [(a: Row, b: Row) => sign * key.compare(a, b)]
  })
  return (a, b) => comparisons.map((compare) => compare(a, b)).find((result) => result !== 0) ?? 0
}
