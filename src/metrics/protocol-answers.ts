import { openCounts } from './counts.ts'
import { openDurations } from './durations.ts'
import type { GatewayCallsParts } from './gateway-calls.ts'
import type { ProtocolAnswer, ProtocolMetrics } from './metrics.ts'
import type { Metric } from './series.ts'
import { statusClass, statusDigit } from './status-class.ts'

type TokenAsked = NonNullable<ProtocolAnswer['token']>

/** Grant types by the names that the labels have. */
const grantTypes: ReadonlyMap<string, string> = new Map([
  ['authorization_code', 'authorization_code'],
  ['refresh_token', 'refresh_token'],
  ['urn:ietf:params:oauth:grant-type:device_code', 'device_code'],
])

const refreshOutcomes = ['rotated', 'replayed', 'reuse', 'refused', 'failed'] as const

function refreshOutcome({ status }: ProtocolAnswer, { isReplay, isReuse }: TokenAsked): string {
  if (status === 200) return isReplay ? 'replayed' : 'rotated'
  if (status >= 500) return 'failed'
  return isReuse ? 'reuse' : 'refused'
}

/** RFC 8628 §3.5. */
const pollOutcomes: ReadonlyMap<string, string> = new Map([
  ['authorization_pending', 'pending'],
  ['slow_down', 'slow_down'],
  ['access_denied', 'denied'],
  ['expired_token', 'expired'],
])

function pollOutcome({ status, error = '' }: ProtocolAnswer): string {
  if (status === 200) return 'approved'
  return status >= 500 ? 'failed' : (pollOutcomes.get(error) ?? 'refused')
}

/** What the authorization server answered. */
export function protocolAnswers({ stopwatch, integrations }: GatewayCallsParts): {
  readonly protocol: ProtocolMetrics
  readonly metrics: readonly Metric[]
} {
  const durations = openDurations({
    name: 'panoptes_oauth_request_duration_seconds',
    help: 'Time until the answer of the authorization server and its pages was at hand.',
    labels: ['endpoint', 'status_class'],
  })
  const refusals = openCounts({
    name: 'panoptes_oauth_refusals_total',
    help: "Refusals of the authorization server, by the protocol's word for the reason.",
    labels: ['endpoint', 'error'],
  })
  const issued = openCounts({
    name: 'panoptes_tokens_issued_total',
    help: 'Successful token requests; a repeated answer to a refresh is none.',
    labels: ['grant_type', 'integration'],
  })
  const refreshes = openCounts({
    name: 'panoptes_refreshes_total',
    help: 'Refreshes, by what became of them.',
    labels: ['outcome'],
    from: refreshOutcomes.map((outcome) => [outcome]),
  })
  const polls = openCounts({
    name: 'panoptes_device_polls_total',
    help: 'Polls of devices for their tokens, by what they were told.',
    labels: ['outcome'],
    from: [...pollOutcomes.values(), 'approved', 'refused', 'failed'].map((outcome) => [outcome]),
  })
  const signIns = openCounts({
    name: 'panoptes_sign_ins_total',
    help: 'Attempts of people to sign in.',
    labels: ['way', 'outcome'],
    from: ['password', 'sso'].flatMap((way) =>
      ['accepted', 'refused', 'limited'].map((outcome) => [way, outcome]),
    ),
  })
  const configured = new Set(integrations)

  function countToken(answer: ProtocolAnswer, asked: TokenAsked): void {
    const grantType = grantTypes.get(asked.grantType) ?? 'other'
    if (grantType === 'refresh_token') refreshes.of(refreshOutcome(answer, asked)).value += 1
    if (grantType === 'device_code') polls.of(pollOutcome(answer)).value += 1
    if (answer.status !== 200 || asked.isReplay) return
    const { clientId = '' } = asked
    issued.of(grantType, configured.has(clientId) ? clientId : 'registered').value += 1
  }

  return {
    metrics: [durations, refusals, issued, refreshes, polls, signIns],
    protocol: {
      began: stopwatch,
      answered(answer) {
        const { endpoint, status, error, token, beganAt } = answer
        durations.of(endpoint, statusClass(statusDigit(status))).note(stopwatch() - beganAt)
        if (error !== undefined) refusals.of(endpoint, error).value += 1
        if (token) countToken(answer, token)
      },
      signIn(way, outcome) {
        signIns.of(way, outcome).value += 1
      },
    },
  }
}
