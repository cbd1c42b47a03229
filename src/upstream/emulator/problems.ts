import type { OperationRow } from '#upstream/operation-rows.ts'
import type { Answer } from './call.ts'
import type { Dialect, Form } from './dialects.ts'
import type { JsonObject } from './json.ts'
import { statusOf, type V7Refusal } from './refusals.ts'

/** A refusal of a request, with what its wire form needs. */
interface Refused {
  readonly refusal: V7Refusal
  readonly status: number
  readonly row: OperationRow
  /** The path as it was asked for, below /v7. */
  readonly path: string
  readonly now: number
  readonly origin: string
  readonly dialect: Dialect
}

type Wording = (refused: Refused) => JsonObject

const titles: Readonly<Record<number, string>> = {
  403: 'Forbidden',
  404: 'URI Resource Not Found',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  501: 'Not Implemented',
}

const othersOf = ({ others }: V7Refusal): readonly string[] => (others === undefined ? [] : [others])

const wordings: Readonly<Record<Exclude<Form, 'empty'>, Wording>> = {
  /** The document's `Error`; no live example of it is known for 403, so the words are ours. */
  problem: ({ refusal, status, path }) => ({
    type: 'about:blank',
    title: titles[status] ?? 'Error',
    status,
    detail: refusal.description,
    instance: `/v7${path}`,
  }),
  /** The form of the official document, `ValidationError`. */
  'validation-error': ({ refusal, status, path }) => ({
    type: 'about:blank',
    title: 'Request validation failed. There are invalid or missing fields',
    status,
    detail: refusal.description,
    instance: `/v7${path}`,
    ...(refusal.violations && {
      errors: refusal.violations.map(({ field, message }) => ({ code: 'INVALID', field, message })),
    }),
  }),
  /** The tests API answers with a problem that has a title alone (thousandeyes-facts 6.2, verbatim observation). */
  'title-only': ({ refusal, status, path }) => ({
    type: 'about:blank',
    title: `There were some errors in your request, please correct them before trying again. ${refusal.description}`,
    status,
    instance: `/v7${path}`,
  }),
  'own-title': ({ refusal, status, path }) => ({
    type: 'about:blank',
    title: refusal.description,
    status,
    instance: `/v7${path}`,
  }),
  /** Webhooks answer with the default error of their framework (thousandeyes-facts 6.2, observed). */
  'spring-default': ({ refusal, status, path, now }) => ({
    timestamp: new Date(now).toISOString().replace('Z', '+00:00'),
    status,
    error: 'Bad Request',
    message: refusal.description,
    path: `/v7${path}`,
  }),
  /** Streams have a form of their own, for 400 and 412 (official document, `BadRequestError`). */
  streams: ({ refusal, status, path, now, origin }) => ({
    timestamp: now,
    httpStatus: status === 412 ? 'PRECONDITION_FAILED' : 'BAD_REQUEST',
    errors: refusal.violations
      ? [...refusal.violations.map(({ field, message }) => `${field}: ${message}`), ...othersOf(refusal)]
      : [refusal.description],
    path: `${origin}/v7${path}`,
  }),
  unauthorized: ({ refusal }) => ({ error: 'invalid_token', error_description: refusal.description }),
}

const charset = (type: string): string =>
  type === 'application/problem+json' ? `${type};charset=UTF-8` : type

/** The refusal as v7 says it on the wire, in the dialect that counts. */
export function refusalAnswer(refused: Omit<Refused, 'status'>): Answer {
  const { refusal, row, dialect } = refused
  const status = statusOf(refusal)
  const { form, type } = dialect.refusal(row, status, refusal.isTitle === true)
  if (form === 'empty') return { status }
  return {
    status,
    body: wordings[form]({ ...refused, status }),
    headers: { 'content-type': charset(type) },
  }
}
