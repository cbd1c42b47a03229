import { STATUS_CODES } from 'node:http'
import type { Disturbance, Target } from './traffic.ts'

/** An answer as it is written. */
export interface KnownAnswer {
  readonly status: number
  /** Names and values in turn, without Content-Length. */
  readonly headers: readonly string[]
  readonly body: string | Uint8Array
}

export interface WantedAnswer {
  readonly target: Target
  /** Of the request, without its query. */
  readonly path: string
  readonly status: number
  /** Which of several, as `invalid_grant`. */
  readonly error: string | undefined
}

/** What the real surface answers with a status; undefined where nobody knows. */
export type KnownAnswers = (wanted: WantedAnswer) => KnownAnswer | undefined

/** The disturbances that answer in place of whoever would have. */
export type Instead = Extract<Disturbance, { readonly kind: 'status' | 'rate-limit' | 'maintenance' }>

/** When no error is asked for: the words of RFC 6749 §4.1.2.1 for a failure, and those of §5.2 for the rest. */
const oauthErrors: Readonly<Record<number, string>> = {
  401: 'invalid_client',
  403: 'access_denied',
  500: 'server_error',
}
const oauthError = (status: number): string =>
  oauthErrors[status] ?? (status === 429 || status > 500 ? 'temporarily_unavailable' : 'invalid_request')

const titleOf = (status: number): string => STATUS_CODES[status] ?? 'Unknown'
const description = 'Injected by a fault of the emulator.'

/** An answer in the shape of the surface: of ours, where the real one is not known. */
function plainAnswer({ target, path, status, error }: WantedAnswer): KnownAnswer {
  const title = titleOf(status)
  const common = ['Cache-Control', 'no-store', 'X-Content-Type-Options', 'nosniff']
  switch (target.surface) {
    case 'oauth':
      return {
        status,
        headers: ['Content-Type', 'application/json; charset=utf-8', ...common],
        body: JSON.stringify({ error: error ?? oauthError(status), error_description: description }),
      }
    case 'v7':
      return {
        status,
        headers: ['Content-Type', 'application/problem+json;charset=UTF-8', ...common],
        body: JSON.stringify({ type: 'about:blank', title, status, detail: description, instance: path }),
      }
    case 'pages':
      return {
        status,
        headers: ['Content-Type', 'text/html; charset=utf-8', ...common],
        body: `<!doctype html><html lang="en"><title>${title}</title><h1>${status} ${title}</h1><p>${description}</p></html>`,
      }
    default:
      return target.surface satisfies never
  }
}

function wantedOf({ target, path, does }: { target: Target; path: string; does: Instead }): WantedAnswer {
  switch (does.kind) {
    case 'status':
      return { target, path, status: does.status, error: does.error }
    case 'rate-limit':
      return { target, path, status: 429, error: undefined }
    case 'maintenance':
      return { target, path, status: 503, error: undefined }
    default:
      return does satisfies never
  }
}

/** @returns the headers with `Retry-After` as the fault has it, once */
function retryAfter(headers: readonly string[], seconds: number): readonly string[] {
  const others = headers.filter((_, index) => headers[index - (index % 2)]?.toLowerCase() !== 'retry-after')
  return [...others, 'Retry-After', String(seconds)]
}

export function knownOrPlain(
  known: KnownAnswers,
  asked: { readonly target: Target; readonly path: string; readonly does: Instead },
): KnownAnswer {
  const wanted = wantedOf(asked)
  const answer = known(wanted) ?? plainAnswer(wanted)
  const { does } = asked
  return does.kind === 'maintenance' && does.retryAfterSeconds !== undefined
    ? { ...answer, headers: retryAfter(answer.headers, does.retryAfterSeconds) }
    : answer
}
