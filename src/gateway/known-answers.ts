import type { Clock } from '#domain/clock.ts'
import type { Fidelity } from '#domain/fidelity.ts'
import { problemBody, problemType } from '#http/problem.ts'
import { unauthorizedAnswers } from './bearer.ts'
import type { Answer } from './call.ts'
import { exhaustedProblem, organizationHeaders } from './rate-windows.ts'
import { unknownPath } from './refusal-answer.ts'

export interface KnownAnswersParts {
  readonly origin: string
  readonly clock: Clock
  readonly callsPerMinute: number
  readonly fidelity: Fidelity
}

/** The path that was asked for, and which body is meant where a status has several: `no_token` is the other one of 401. */
export interface AnswerChoice {
  readonly path: string
  readonly error: string | undefined
}

/**
 * What v7 answers with a status, whoever asks for what: for faults on purpose.
 * @returns undefined for a status whose answer depends on the call
 */
export function knownAnswers({
  origin,
  clock,
  callsPerMinute,
  fidelity,
}: KnownAnswersParts): (status: number, choice: AnswerChoice) => Answer | undefined {
  const { withoutToken, invalidToken } = unauthorizedAnswers(origin, fidelity)
  return (status, { path, error }) => {
    switch (status) {
      case 401:
        return error === 'no_token' ? withoutToken : invalidToken
      case 404:
        return fidelity === 'live'
          ? { status, headers: [], body: '' } // comes without a body (thousandeyes-facts 6.2, observed)
          : {
              status,
              headers: ['Content-Type', problemType],
              body: problemBody({ ...unknownPath, instance: path }),
            }
      case 429:
        return {
          status,
          headers: ['Content-Type', problemType, ...organizationHeaders(callsPerMinute, clock.now())],
          body: problemBody({ ...exhaustedProblem, instance: path }),
        }
      case 503: // the words of a maintenance (thousandeyes-facts 6.2)
        return {
          status,
          headers: ['Content-Type', 'text/plain;charset=UTF-8'],
          body: 'Please bear with us, the ThousandEyes API is currently in maintenance mode.',
        }
      default:
        return undefined
    }
  }
}
