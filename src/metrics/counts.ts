import { type Description, type Metric, openSeries } from './series.ts'

/** Whoever counts adds to `value`, and keeps the count at hand where it is asked for often. */
export interface Count {
  value: number
}

export interface Counts extends Metric {
  /** @param values of the labels, in the order of their names */
  of(...values: readonly string[]): Count
}

/** A counter: it only rises, until the process ends. */
export function openCounts(description: Description): Counts {
  const { name, help } = description
  const series = openSeries(description, (): Count => ({ value: 0 }))
  return {
    of: series.of,
    read: () => ({
      name,
      help,
      type: 'counter',
      aggregator: 'first',
      values: series.all().map(([labels, { value }]) => ({ labels, value })),
    }),
  }
}
