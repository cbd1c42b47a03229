/**
 * Dashboards of templates may be written in the words of the web application, as the official document's own example is.
 * Enums are brought to v7 by coerce.ts; what is left is here.
 */
import { type JsonObject, objectOf, objectsOf, present } from '../json.ts'

/** Metrics that are called otherwise there. The example has no other. */
const metrics: ReadonlyMap<unknown, string> = new Map([['Response Time', 'WEB_TTFB']])

/** `Test Labels` is `TEST_LABEL`. */
const propertyOf = (words: string): string =>
  /[a-z]/.test(words)
    ? words
        .toUpperCase()
        .replace(/S$/, '')
        .replaceAll(/[^A-Z\d]+/g, '_')
    : words

const filtersOf = (filters: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(filters).map(([words, values]) => [propertyOf(words), values]))

const widgetOf = (widget: JsonObject): JsonObject => {
  const { metric, filters } = widget
  return present({
    ...widget,
    metric: metrics.get(metric) ?? metric,
    filters: filters === undefined ? undefined : filtersOf(objectOf(filters)),
  })
}

/** A dashboard of a template as v7 takes it. */
export const dashboardRequest = (config: JsonObject): JsonObject =>
  config['widgets'] === undefined
    ? config
    : { ...config, widgets: objectsOf(config['widgets']).map(widgetOf) }
