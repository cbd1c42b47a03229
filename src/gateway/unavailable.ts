import type { UpstreamTrouble, UpstreamUnavailable } from '#upstream/upstream.ts'
import type { Answer, Call } from './call.ts'
import { problemAnswer } from './refusal-answer.ts'

interface Told {
  readonly status: 429 | 502 | 503 | 504
  readonly code: string
  readonly detail: string
}

/** What callers are told of an upstream that cannot answer. 502 and 504 say that it was asked, 503 and 429 when to try again. */
const told: Readonly<Record<UpstreamTrouble, Told>> = {
  unreachable: { status: 502, code: 'upstream_unreachable', detail: 'The upstream could not be reached.' },
  untrusted: {
    status: 502,
    code: 'upstream_untrusted',
    detail: 'What answers in place of the upstream could not prove that it is the upstream.',
  },
  timeout: { status: 504, code: 'upstream_timeout', detail: 'The upstream did not answer in time.' },
  broken: { status: 502, code: 'upstream_broken', detail: 'The upstream broke off before it had answered.' },
  unusable: {
    status: 502,
    code: 'upstream_answer_unusable',
    detail: 'The upstream answered in a way that cannot be passed on.',
  },
  'credential-rejected': {
    status: 502,
    code: 'upstream_credential_rejected',
    detail:
      'The upstream refused the credential that stands behind this connection; the token of the call is not at fault.',
  },
  exhausted: {
    status: 429,
    code: 'upstream_rate_limit',
    detail: 'The upstream takes no more calls of this organization for now.',
  },
  'address-blocked': {
    status: 503,
    code: 'upstream_address_blocked',
    detail: 'The upstream refuses all calls of this service for now.',
  },
  resting: {
    status: 503,
    code: 'upstream_resting',
    detail: 'The upstream failed several times in a row and is left alone for a moment.',
  },
  full: {
    status: 503,
    code: 'upstream_busy',
    detail: 'As many calls to the upstream are under way as there may be.',
  },
  'budget-exhausted': {
    status: 503,
    code: 'upstream_budget_exhausted',
    detail: 'The upstream refused so many credentials within the hour that it is left alone for now.',
  },
}

const titles = {
  429: 'Too Many Requests',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
} as const

/** Our answer in place of the upstream's. Each 429 and 503 says when to come back (RFC 9110 §10.2.3). */
export function unavailableAnswer(
  call: Call,
  { trouble, retryAfterSeconds }: Pick<UpstreamUnavailable, 'trouble' | 'retryAfterSeconds'>,
): Answer {
  const { status, code, detail } = told[trouble]
  const headers = status === 503 || status === 429 ? ['Retry-After', String(retryAfterSeconds ?? 1)] : []
  return problemAnswer(call, { status, title: titles[status], detail, code }, { headers })
}
