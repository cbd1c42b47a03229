/** A metric as it stands, in the form that the registry of @prometheus-io/client takes (`getMetricsAsJSON`). */
export interface Reading {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** One process, one reading: there is nothing to add up. */
  readonly aggregator: 'first'
  readonly values: readonly ReadingValue[]
}

export interface ReadingValue {
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
  readonly metricName?: string
}

/** A metric that can be read at any time. */
export interface Metric {
  read(): Reading
}

export interface Description {
  readonly name: string
  readonly help: string
  /** Names of its labels. */
  readonly labels: readonly string[]
  /** Series that are there from the beginning, at zero: what is not there yet cannot be seen to rise. */
  readonly from?: readonly (readonly string[])[]
}

/** More than any label of ours has values; a bound is a bound. */
const mostSeries = 500

export interface Series<Item> {
  /** The series of these label values, in the order of the names; beyond the bound that of `other`. */
  of(...values: readonly string[]): Item
  /** @returns each with its labels */
  all(): readonly (readonly [labels: Readonly<Record<string, string>>, item: Item])[]
}

/** The series of one metric. */
export function openSeries<Item>({ labels, from = [] }: Description, make: () => Item): Series<Item> {
  const series = new Map<string, { readonly labels: Readonly<Record<string, string>>; readonly item: Item }>()
  const others = labels.map(() => 'other')

  function of(...values: readonly string[]): Item {
    const key = values.join('\n')
    const known = series.get(key)
    if (known) return known.item
    if (series.size >= mostSeries && values.some((value) => value !== 'other')) return of(...others)
    const item = make()
    series.set(key, {
      labels: Object.fromEntries(labels.map((name, index) => [name, values[index] ?? ''])),
      item,
    })
    return item
  }

  for (const values of from) of(...values)
  return { of, all: () => [...series.values()].map((one) => [one.labels, one.item] as const) }
}
