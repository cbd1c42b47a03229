import type { Fidelity } from '#domain/fidelity.ts'
import { type Problem, problemBody, problemType } from '#http/problem.ts'
import type { Answer, Call } from './call.ts'

const asProblem = ['Content-Type', problemType] as const

/** A refusal or failure of ours as problem+json (RFC 9457); its `instance` is the path of the call. */
export const problemAnswer = (
  call: Call,
  problem: Omit<Problem, 'instance'>,
  extra: { readonly headers?: readonly string[]; readonly note?: string } = {},
): Answer => ({
  status: problem.status,
  headers: extra.headers ? [...asProblem, ...extra.headers] : asProblem,
  body: problemBody({ ...problem, instance: call.target.path }),
  code: problem.code,
  ...(extra.note === undefined ? {} : { note: extra.note }),
})

/** 403 and not the 400 of v6 (thousandeyes-facts 5.2, inferred). */
export const foreignGroup = (call: Call, detail: string): Answer =>
  problemAnswer(call, { status: 403, title: 'Forbidden', detail, code: 'account_group_not_granted' })

export const unknownPath = {
  status: 404,
  title: 'URI Resource Not Found',
  detail: 'There is no such path, or no such object.',
  code: 'not_found',
} as const

/** Seen without a body (thousandeyes-facts 6.2), and documented as a problem. */
export const notFound = (call: Call, fidelity: Fidelity): Answer =>
  fidelity === 'live'
    ? { status: 404, headers: [], body: '', code: 'not_found' }
    : problemAnswer(call, unknownPath)

/**
 * A request that can be read in two ways is answered and its connection closed, so that nothing after it is read as a
 * request (RFC 9112 §11.2).
 */
export const badRequest = (call: Call, detail: string): Answer =>
  problemAnswer(
    call,
    { status: 400, title: 'Bad Request', detail, code: 'invalid_request' },
    { headers: ['Connection', 'close'] },
  )
