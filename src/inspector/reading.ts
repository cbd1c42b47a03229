/** Reads what the explanations need out of an exchange, as the journal keeps it. */
import type { Exchange, Fields } from '#traffic/traffic.ts'

/** What an exchange says of itself, and what the log says of it. */
export interface Facts {
  readonly exchange: Exchange
  /** 0 when no answer came. */
  readonly status: number
  /** The protocol's word for what went wrong: of the body, of the redirect, or of the log. */
  readonly error: string | undefined
  /** `error_description`: what the caller was told; where that was on a page, what the log says. */
  readonly told: string
  /** What the log says beside; empty when it says nothing. */
  readonly noted: string
  /** Title and heading of a page; the journal keeps nothing else of it. */
  readonly page: string
  /** A parameter of the query or of the form. */
  parameter(name: string): string | undefined
}

export const headerOf = (fields: Fields, name: string): string | undefined =>
  fields.find(([candidate]) => candidate.toLowerCase() === name)?.[1]

/** @returns the members of a JSON object; none when the text is something else or was cut */
function membersOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** The form that was sent; empty for other bodies. */
export function formOf({ headers, body }: Pick<Exchange, 'headers' | 'body'>): URLSearchParams {
  const isForm = /urlencoded/i.test(headerOf(headers, 'content-type') ?? '')
  return new URLSearchParams(isForm ? (body?.text ?? '') : '')
}

/** The parameters with which an answer sends the browser on (RFC 6749 §4.1.2). */
export function redirectOf({ answer }: Exchange): URL | undefined {
  const location = answer && headerOf(answer.headers, 'location')
  return location === undefined ? undefined : (URL.parse(location, 'http://localhost') ?? undefined)
}

const pageOf = ({ answer }: Exchange): string =>
  /^text\/html/i.test((answer && headerOf(answer.headers, 'content-type')) ?? '')
    ? (answer?.body?.text ?? '')
    : ''

/** The error of a form that is shown again. */
export const formProblem = 'form problem'

function errorIn(exchange: Exchange, body: Readonly<Record<string, unknown>>): string | undefined {
  // What a person declined is no error, and the page is shown again in the same way.
  if (/^(?:Error|Declined): /.test(pageOf(exchange))) return formProblem
  const noted = exchange.notes.find(({ code }) => code !== undefined)?.code
  // The gateway's word for what it did not decide itself.
  if (noted === 'upstream') return noted
  // RFC 7662 §2.2: a token that is not active is no error, but it is what was decided.
  if (body['active'] === false) return 'inactive'
  return (
    text(body['code']) ??
    text(body['error']) ??
    redirectOf(exchange)?.searchParams.get('error') ??
    noted ??
    undefined
  )
}

export function factsOf(exchange: Exchange): Facts {
  const { answer, query, notes } = exchange
  const body = membersOf(answer?.body?.text ?? '')
  const form = formOf(exchange)
  const noted = notes.flatMap(({ detail }) => detail ?? []).join('\n')
  return {
    exchange,
    status: answer?.status ?? 0,
    error: errorIn(exchange, body),
    told:
      text(body['error_description']) ??
      text(body['detail']) ??
      redirectOf(exchange)?.searchParams.get('error_description') ??
      // A page says it too, but the journal keeps no page.
      noted,
    page: pageOf(exchange),
    noted,
    parameter: (name) => query.find(([candidate]) => candidate === name)?.[1] ?? form.get(name) ?? undefined,
  }
}
