import { openCounts } from './counts.ts'
import { openExposition } from './exposition.ts'
import { gatewayCalls } from './gateway-calls.ts'
import { openGauges } from './gauges.ts'
import type { OpenMetrics } from './metrics.ts'
import { protocolAnswers } from './protocol-answers.ts'
import { watchedAudit } from './watched-audit.ts'
import { watchedLimits } from './watched-limits.ts'
import { watchedStore } from './watched-store.ts'

/** Metrics that are kept in memory and read by a scraper. @param stopwatch of the machine, in ms */
export const scrapedMetrics =
  (stopwatch: () => number): OpenMetrics =>
  ({ integrations }) => {
    const calls = gatewayCalls({ stopwatch, integrations })
    const answers = protocolAnswers({ stopwatch, integrations })
    const events = watchedAudit()
    const store = watchedStore({ stopwatch, committed: events.committed })
    const limits = watchedLimits()
    const gauges = openGauges()
    const shed = openCounts({
      name: 'panoptes_requests_shed_total',
      help: 'Requests that were answered 503 at once, as there were too many, by what they were.',
      labels: ['kind'],
      from: [['poll'], ['authorization'], ['gateway']],
    })
    return {
      gateway: calls.gateway,
      protocol: answers.protocol,
      admission: {
        shed(kind) {
          shed.of(kind).value += 1
        },
      },
      watch: { audit: events.audit, store: store.watch, limits: limits.watch, gauge: gauges.add },
      exposition: openExposition(() => [
        ...[calls, answers, events, limits, store].flatMap(({ metrics }) => metrics),
        shed,
        ...gauges.metrics(),
      ]),
    }
  }
