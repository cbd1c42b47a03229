import type { Operation } from '#domain/operation.ts'
import type { RegionId } from '#domain/region.ts'
import { type Count, openCounts } from './counts.ts'
import { type Durations, openDurations } from './durations.ts'
import type { AnsweredCall, GatewayMetrics } from './metrics.ts'
import type { Metric } from './series.ts'
import { statusClass, statusDigit } from './status-class.ts'

/** One item for each class of status codes, by its digit. */
type ByStatus<Item> = (digit: number) => Item

type CallCounts = Readonly<Record<RegionId, ByStatus<Count>>>

/** @param make called once for each class that there is */
function byStatus<Item>(make: (status: string) => Item): ByStatus<Item> {
  const items: (Item | undefined)[] = Array.from({ length: 6 }, () => undefined)
  return (digit) => {
    const known = items[digit]
    if (known !== undefined) return known
    const made = make(statusClass(digit))
    items[digit] = made
    return made
  }
}

/** `/endpoint/tests/{testId}` is of the family `endpoint`; `none` while no operation is known. */
const familyOf = ({ path }: Operation): string => path.split('/', 2)[1] || 'none'

/** Reasons that alerts wait for: what is not there yet cannot be seen to rise. */
const awaitedRefusals = [
  'no_token',
  'invalid_token',
  'source_blocked',
  'temporarily_unavailable',
  'upstream_address_blocked',
  'upstream_credential_rejected',
  'upstream_failed',
  'upstream_timeout',
  'upstream_unreachable',
] as const

export interface GatewayCallsParts {
  /** In ms. */
  readonly stopwatch: () => number
  readonly integrations: readonly string[]
}

/**
 * Calls of the gateway. Each is noted in three steps without anything made for it: the series are looked up by objects that live
 * as long as the process, and a number in each is raised.
 */
export function gatewayCalls({ stopwatch, integrations }: GatewayCallsParts): {
  readonly gateway: GatewayMetrics
  readonly metrics: readonly Metric[]
} {
  const durations = openDurations({
    name: 'panoptes_gateway_call_duration_seconds',
    help: 'Time until the answer to a v7 call was at hand, by family of operations.',
    labels: ['family', 'status_class'],
  })
  const calls = openCounts({
    name: 'panoptes_gateway_calls_total',
    help: 'Answered v7 calls, by whose token was presented.',
    labels: ['integration', 'region', 'status_class'],
  })
  const refusals = openCounts({
    name: 'panoptes_gateway_refusals_total',
    help: 'v7 calls that were answered by the gateway itself and not by the upstream, by reason.',
    labels: ['code'],
    from: awaitedRefusals.map((code) => [code]),
  })
  const brokenAnswers = openCounts({
    name: 'panoptes_gateway_broken_answers_total',
    help: 'Answers of the upstream that broke off after their head was sent on.',
    labels: [],
    from: [[]],
  })

  const countsOf = (integration: string, region: string): ByStatus<Count> =>
    byStatus((status) => calls.of(integration, region, status))
  const inRegions = (integration: string): CallCounts => ({
    us1: countsOf(integration, 'us1'),
    us2: countsOf(integration, 'us2'),
    eu1: countsOf(integration, 'eu1'),
  })
  const byOperation = new Map<Operation, ByStatus<Durations>>()
  const byIntegration = new Map(integrations.map((id) => [id, inRegions(id)]))
  const registered = inRegions('registered')
  const userApiTokens = inRegions('user-api-token')
  const nobody = countsOf('none', 'none')
  const broken = brokenAnswers.of()

  function durationsOf(operation: Operation, digit: number): Durations {
    const known = byOperation.get(operation)
    if (known) return known(digit)
    const made = byStatus((status) => durations.of(familyOf(operation), status))
    byOperation.set(operation, made)
    return made(digit)
  }

  function countOf(caller: AnsweredCall['caller'], digit: number): Count {
    switch (caller.kind) {
      case 'integration':
        return (byIntegration.get(caller.access.clientId) ?? registered)[caller.user.region](digit)
      case 'user':
        return userApiTokens[caller.user.region](digit)
      default:
        return nobody(digit)
    }
  }

  return {
    metrics: [durations, calls, refusals, brokenAnswers],
    gateway: {
      began: stopwatch,
      answered(call, { status, code }) {
        const digit = statusDigit(status)
        durationsOf(call.match.operation, digit).note(stopwatch() - call.beganAt)
        countOf(call.caller, digit).value += 1
        if (code !== undefined) refusals.of(code).value += 1
      },
      brokeOff() {
        broken.value += 1
      },
    },
  }
}
