/** Metrics that are sums of others, which some widgets show one by one (official document, `showSubmetrics`). Inferred. */
const submetrics: Readonly<Record<string, readonly string[]>> = {
  WEB_TTFB: ['WEB_DNS', 'WEB_CONNECT', 'WEB_SSL', 'WEB_WAIT'],
  WEB_FETCH: ['WEB_DNS', 'WEB_CONNECT', 'WEB_SSL', 'WEB_WAIT', 'WEB_RECEIVE'],
}

/** The parts of a metric; none when it is one measurement. */
export const submetricsOf = (metric: unknown): readonly string[] => submetrics[String(metric)] ?? []
