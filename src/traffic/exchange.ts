import { type Credentials, credentialsOf } from './credentials.ts'
import { type BodyPlace, redactedBody, redactedParameters } from './redacted-body.ts'
import { redactedHeaders } from './redacted-headers.ts'
import { flatHeaders, headerOf, type Sighting } from './sighting.ts'
import type { Exchange, Fields, JournalBody, JournalNote, NameOf } from './traffic.ts'

export interface ExchangeParts {
  /** Keyed. */
  readonly hash: (text: string) => string
  readonly nameOf: NameOf
}

/** The path and the query of a request target, apart. */
export function splitTarget(url: string): readonly [path: string, query: string] {
  const mark = url.indexOf('?')
  return mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)]
}

const placeOf = (headers: readonly string[], rest: Pick<BodyPlace, 'isRequest' | 'path'>): BodyPlace => ({
  ...rest,
  type: headerOf(headers, 'content-type'),
  isCoded: (headerOf(headers, 'content-encoding') ?? 'identity').toLowerCase() !== 'identity',
})

/** RFC 9110 §6.4.1: these answers have no content, whatever was written. */
const hasNoContent = (method: string, status: number): boolean =>
  method === 'HEAD' || status === 204 || status === 304

function answerOf(seen: Sighting, path: string, credentials: Credentials): Exchange['answer'] {
  const { method, status, answerHeaders, answerBody, isWhole, isLost } = seen
  if (status === 0 || isLost) return undefined
  const headers = flatHeaders(answerHeaders)
  const body = hasNoContent(method, status)
    ? undefined
    : redactedBody(answerBody, placeOf(headers, { isRequest: false, path }), credentials)
  return { status, headers: redactedHeaders(headers, credentials), body, isWhole }
}

const fieldsAgain = (fields: Fields, { again }: Credentials): Fields =>
  fields.map(([name, value]) => [again(name), again(value)])

const bodyAgain = (body: JournalBody | undefined, { again }: Credentials): JournalBody | undefined =>
  body && { ...body, text: again(body.text) }

function redactedNote({ event, code, detail }: JournalNote, { text, again }: Credentials): JournalNote {
  return {
    event,
    ...(code === undefined ? {} : { code }),
    ...(detail === undefined ? {} : { detail: again(text(detail)) }),
  }
}

/**
 * What may be kept and shown of a sighting. Each part is redacted by what it is, then all of them once more by what was found in
 * the others: a code that an error message repeats is not told by its form.
 */
export function exchangeOf(seen: Sighting, { hash, nameOf }: ExchangeParts): Exchange {
  const credentials = credentialsOf(hash)
  const { id, at, method, address, fault, endedAt, startedAt } = seen
  const [path, search] = splitTarget(seen.url)
  const asked = flatHeaders(seen.headers)
  const headers = redactedHeaders(asked, credentials)
  const query = redactedParameters(search, credentials)
  const body = redactedBody(seen.body, placeOf(asked, { isRequest: true, path }), credentials)
  const shownPath = credentials.text(path)
  const answer = answerOf(seen, path, credentials)
  const isComplete = answer?.isWhole === true && endedAt !== undefined
  return {
    id,
    at,
    durationMs: isComplete ? endedAt - startedAt : undefined,
    ...nameOf(method, path),
    method,
    path: credentials.again(shownPath),
    query: fieldsAgain(query, credentials),
    address,
    headers: fieldsAgain(headers, credentials),
    body: bodyAgain(body, credentials),
    answer: answer && {
      ...answer,
      headers: fieldsAgain(answer.headers, credentials),
      body: bodyAgain(answer.body, credentials),
    },
    fault,
    notes: seen.notes.map((note) => redactedNote(note, credentials)),
  }
}

/** A note that came after its exchange was made. */
export const noteAlone = (note: JournalNote, { hash }: Pick<ExchangeParts, 'hash'>): JournalNote =>
  redactedNote(note, credentialsOf(hash))
