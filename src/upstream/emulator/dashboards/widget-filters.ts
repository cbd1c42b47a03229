import type { Call } from '../call.ts'
import { type JsonObject, listOf, objectOf, objectsOf, textOf, textsOf } from '../json.ts'
import { type Group, isProperty } from './subjects.ts'

/** Values of a property, of which a subject has to have one. */
export interface Filter {
  readonly property: string
  readonly values: ReadonlySet<string>
}

/** A widget, a card or a column: what says what is measured. */
export type Measuring = JsonObject

/** Which data sources of widgets one of dashboard filters stands for. Inferred from their names. */
const widgetSources: Readonly<Record<string, (source: string) => boolean>> = {
  VIRTUAL_AGENT: (source) => source === 'CLOUD_AND_ENTERPRISE_AGENTS',
  ALERT: (source) => source === 'ALERTS',
  ENDPOINT_AGENTS: (source) => source.startsWith('ENDPOINT'),
}

const isAlertMetric = (metric: unknown): boolean => String(metric).startsWith('ALERT_COUNT')

const sourceOf = ({ dataSource, metric }: Measuring): string =>
  textOf(dataSource) ?? (isAlertMetric(metric) ? 'ALERTS' : 'CLOUD_AND_ENTERPRISE_AGENTS')

const filter = (property: string, values: readonly unknown[]): Filter => ({
  property,
  values: new Set(values.map(String)),
})

/** What the filter that the dashboard names adds for this data source and metric. */
function globalFilters(measuring: Measuring, dashboard: JsonObject, { state }: Call): readonly Filter[] {
  const named = state.find('dashboard-filters', textOf(dashboard['globalFilterId']) ?? '')
  const source = sourceOf(measuring)
  return objectsOf(named?.fields['context'])
    .filter(({ dataSourceId }) =>
      (widgetSources[String(dataSourceId)] ?? ((one) => one === dataSourceId))(source),
    )
    .flatMap(({ filters }) => objectsOf(filters))
    .filter(({ metricIds }) => {
      const metrics = textsOf(metricIds)
      return metrics.length === 0 || metrics.includes(String(measuring['metric']))
    })
    .map(({ filterId, values }) => filter(String(filterId), listOf(values)))
}

/**
 * The filters of a widget, card or column, with those of the dashboard. Properties that measurements here do not have are
 * passed over. A test that is gone stays in its filters: without it they would let all tests in.
 */
export const filtersOf = (measuring: Measuring, dashboard: JsonObject, call: Call): readonly Filter[] =>
  [
    ...Object.entries(objectOf(measuring['filters'])).map(([property, values]) =>
      filter(property, Array.isArray(values) ? listOf(values) : [values]),
    ),
    ...globalFilters(measuring, dashboard, call),
  ].filter(({ property }) => isProperty(property))

export const passes = (
  filters: readonly Filter[],
  groupsOf: (property: string) => readonly Group[],
): boolean => filters.every(({ property, values }) => groupsOf(property).some(({ id }) => values.has(id)))
