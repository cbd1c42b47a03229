import type { Exposition } from './metrics.ts'
import type { Metric, Reading } from './series.ts'

const readiness = (isReady: boolean): Reading => ({
  name: 'panoptes_ready',
  help: 'Whether /health/ready says so: 1 or 0.',
  type: 'gauge',
  aggregator: 'first',
  values: [{ labels: {}, value: isReady ? 1 : 0 }],
})

/** What the library measures of the process: event loop, memory, file descriptors. It is loaded with the first scrape: no start waits for it. */
async function openLibrary() {
  const { collectDefaultMetrics, Registry } = await import('@prometheus-io/client')
  const ofProcess = new Registry()
  collectDefaultMetrics({ register: ofProcess })
  return {
    async text(own: readonly Reading[]): Promise<string> {
      const texts = await Promise.all([Registry.aggregate([[...own]]).metrics(), ofProcess.metrics()])
      return texts.join('\n')
    },
  }
}

/** Writes the metrics by @prometheus-io/client, with registries that belong to nobody else. */
export function openExposition(metrics: () => readonly Metric[]): Exposition {
  let opening: ReturnType<typeof openLibrary> | undefined
  return {
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    async text(isReady) {
      opening ??= openLibrary()
      const library = await opening
      return library.text([readiness(isReady), ...metrics().map((metric) => metric.read())])
    },
  }
}
