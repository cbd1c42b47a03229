import type { Credentials } from './credentials.ts'
import { decoded } from './percent-encoding.ts'
import { redactedJson } from './redacted-json.ts'
import { isSecretParameter } from './secret-names.ts'
import { keptBytes, keptText, type PassingBody } from './sighting.ts'
import type { Fields, JournalBody } from './traffic.ts'

/** What is known of a body besides its bytes. */
export interface BodyPlace {
  /** Undefined where no header says it. */
  readonly type: string | undefined
  readonly isCoded: boolean
  readonly isRequest: boolean
  readonly path: string
}

const readable =
  /^(?:text\/|application\/(?:[\w.-]+\+)?(?:json|xml|x-www-form-urlencoded|javascript|yaml)\b)/i

/** A code is the answer to a question of OAuth, and what an error is called: only what a caller sends is the first. */
const requestNames: ReadonlySet<string> = new Set(['code'])
/** The secret of a credential of transaction scripts is its `value`. */
const credentialNames: ReadonlySet<string> = new Set(['code', 'value'])

const secretNames = ({ isRequest, path }: BodyPlace): ReadonlySet<string> => {
  if (path.startsWith('/v7/credentials')) return credentialNames
  return isRequest ? requestNames : new Set()
}

/** Text in which JSON may stand, as in the value of a parameter. */
function mixed(text: string, credentials: Credentials, names: ReadonlySet<string>): string {
  const mayBeJson = text.includes('{') || text.trimStart().startsWith('[')
  // Once more as a whole: what is malformed has its credentials in no member.
  return credentials.text(mayBeJson ? redactedJson(text, credentials, names) : text)
}

/** Names and values of a query or a form, decoded. */
export function redactedParameters(encoded: string, credentials: Credentials): Fields {
  return [...new URLSearchParams(encoded)].map(([name, value]) => [
    credentials.text(name),
    isSecretParameter(name) ? credentials.hide(name, value) : mixed(value, credentials, requestNames),
  ])
}

/** A form as it was written, but for its credentials. */
function form(text: string, credentials: Credentials): string {
  return text
    .split('&')
    .map((pair) => {
      const equals = pair.indexOf('=')
      if (equals < 0) return credentials.text(pair)
      const [name, value] = [pair.slice(0, equals), pair.slice(equals + 1)].map((part) =>
        decoded(part.replaceAll('+', ' ')),
      ) as [string, string]
      const shownName = credentials.text(name)
      if (isSecretParameter(name)) return `${shownName}=${credentials.hide(name, value)}`
      const shown = mixed(value, credentials, requestNames)
      return shown === value && shownName === name ? pair : `${shownName}=${shown}`
    })
    .join('&')
}

/** Of a heading. Longer ones are no headings. */
const headingLength = 300

function between(html: string, opening: string, closing: string): string {
  const start = html.indexOf('>', html.indexOf(opening)) + 1
  const end = html.indexOf(closing, start)
  if (!html.includes(opening) || start === 0 || end < 0) return ''
  return html
    .slice(start, Math.min(end, start + headingLength))
    .replace(/<[^>]*>/g, '')
    .replace(/\s+/g, ' ')
    .trim()
}

/** A page is its title and its first heading: the rest holds form tokens, user codes and what belongs to a person. */
const page = (html: string): string =>
  [between(html, '<title', '</title>'), between(html, '<h1', '</h1>')]
    .filter((line) => line !== '')
    .join('\n')

const isMarkup = (text: string, { type = '' }: BodyPlace): boolean =>
  /^\s*</.test(text) || /^(?:text\/html|(?:text|application)\/(?:[\w.-]+\+)?xml)\b/i.test(type)

const isForm = ({ type = '', isRequest }: BodyPlace): boolean =>
  /urlencoded/i.test(type) || (isRequest && !/^text\/|yaml/i.test(type))

function redactedText(text: string, place: BodyPlace, credentials: Credentials): string {
  const isJson = /^\s*[{[]/.test(text)
  // Only of our own pages is it known what stands in their titles.
  if (!isJson && isMarkup(text, place)) return place.isRequest ? '' : credentials.text(page(text))
  return !isJson && isForm(place) ? form(text, credentials) : mixed(text, credentials, secretNames(place))
}

/** @returns undefined when there was none */
export function redactedBody(
  body: PassingBody | undefined,
  place: BodyPlace,
  credentials: Credentials,
): JournalBody | undefined {
  if (body === undefined || body.bytes === 0) return undefined
  const { type, isCoded } = place
  if (isCoded || (type !== undefined && !readable.test(type)))
    return { text: '', bytes: body.bytes, isCut: true }
  const text = keptText(body)
  const shown = redactedText(text, place, credentials)
  const isPage = shown.length < text.length && isMarkup(text, place)
  return { text: shown, bytes: body.bytes, isCut: body.bytes > keptBytes || isPage }
}
