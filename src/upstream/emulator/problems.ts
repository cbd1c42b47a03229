import type { OperationRow } from '#upstream/operation-rows.ts'
import type { Answer } from './call.ts'
import type { JsonObject } from './json.ts'
import { statusOf, type V7Refusal } from './refusals.ts'

const problemType = 'application/problem+json;charset=UTF-8'

/** A refusal of a request, with what its wire form needs. */
interface Refused {
  readonly refusal: V7Refusal
  readonly status: number
  readonly row: OperationRow
  /** The path as it was asked for, below /v7. */
  readonly path: string
  readonly now: number
  readonly origin: string
}

type Wording = (refused: Refused) => JsonObject

/** The tests API answers with a problem that has a title alone (thousandeyes-facts 6.2, verbatim observation). */
const titleOnly: Wording = ({ refusal, status, path }) => ({
  type: 'about:blank',
  title: `There were some errors in your request, please correct them before trying again. ${refusal.description}`,
  status,
  instance: `/v7${path}`,
})

const ownTitle: Wording = ({ refusal, status, path }) => ({
  type: 'about:blank',
  title: refusal.description,
  status,
  instance: `/v7${path}`,
})

/** Webhooks answer with the default error of their framework (thousandeyes-facts 6.2, observed). */
const springDefault: Wording = ({ refusal, status, path, now }) => ({
  timestamp: new Date(now).toISOString().replace('Z', '+00:00'),
  status,
  error: 'Bad Request',
  message: refusal.description,
  path: `/v7${path}`,
})

/** Streams have a form of their own, for 400 and 412 (official document, `BadRequestError`). */
const streams: Wording = ({ refusal, status, path, now, origin }) => ({
  timestamp: now,
  httpStatus: status === 412 ? 'PRECONDITION_FAILED' : 'BAD_REQUEST',
  errors: refusal.violations?.map(({ field, message }) => `${field}: ${message}`) ?? [refusal.description],
  path: `${origin}/v7${path}`,
})

/** The form of the official document, `ValidationError`. */
const validationError: Wording = ({ refusal, status, path }) => ({
  type: 'about:blank',
  title: 'Request validation failed. There are invalid or missing fields',
  status,
  detail: refusal.description,
  instance: `/v7${path}`,
  ...(refusal.violations && {
    errors: refusal.violations.map(({ field, message }) => ({ code: 'INVALID', field, message })),
  }),
})

const badRequests: Readonly<Record<string, Wording>> = {
  Tests: titleOnly,
  Instant_Tests: titleOnly,
  Integrations: springDefault,
  ThousandEyes_for_OpenTelemetry: streams,
}

const titles: Readonly<Record<number, string>> = {
  403: 'Forbidden',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  501: 'Not Implemented',
}

/** The document's `Error`; no live example of it is known for 403, so the words are ours. */
const problem: Wording = ({ refusal, status, path }) => ({
  type: 'about:blank',
  title: titles[status] ?? 'Error',
  status,
  detail: refusal.description,
  instance: `/v7${path}`,
})

function wordingOf({ refusal, status, row }: Refused): Wording {
  if (refusal.isTitle) return ownTitle
  if (status === 400) return badRequests[row.api] ?? validationError
  return status === 412 ? streams : problem
}

/** The refusal as v7 says it on the wire: the live forms where one is known, else those of the official document. */
export function refusalAnswer(refused: Omit<Refused, 'status'>): Answer {
  const status = statusOf(refused.refusal)
  // Live 404s have no body (thousandeyes-facts 6.2).
  if (status === 404) return { status }
  const whole = { ...refused, status }
  const wording = wordingOf(whole)
  const isProblem = wording !== springDefault && wording !== streams
  return {
    status,
    body: wording(whole),
    headers: { 'content-type': isProblem ? problemType : 'application/json' },
  }
}
