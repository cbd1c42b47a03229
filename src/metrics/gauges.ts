import type { Gauge } from './metrics.ts'
import type { Metric } from './series.ts'

/** Gauges of others, asked by each scrape. */
export function openGauges(): { readonly metrics: () => readonly Metric[]; add(gauge: Gauge): void } {
  const gauges: Gauge[] = []
  return {
    add: (gauge) => void gauges.push(gauge),
    metrics: () =>
      gauges.map(({ name, help, labels, read }) => ({
        read: () => ({
          ...{ name, help, type: 'gauge', aggregator: 'first' },
          values: read().map(([value, ...given]) => ({
            labels: Object.fromEntries(labels.map((label, index) => [label, given[index] ?? ''])),
            value,
          })),
        }),
      })),
  }
}
