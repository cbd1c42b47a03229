import { decoded } from './percent-encoding.ts'
import { isSecretName } from './secret-names.ts'
import type { Fields } from './traffic.ts'

/** What the redaction of a part needs of that of the whole (credentials.ts). */
export interface Hiding {
  /** @returns `<kind:xxxxxxxx>`, the same x for the same credential whatever the kind; nothing stays nothing */
  hide(kind: string, credential: string): string
  /** A text of any kind, without what can be told for a credential by its form or by what stands before it. */
  text(text: string): string
}

/** RFC 9110 §11.4: a scheme, then what proves who calls. */
const schemeAndRest = /^([\w-]+)(\s+)(\S[\s\S]*)$/

/** RFC 7617 §2. The name stays, as it is no secret and says which client it was. */
function basic(encoded: string, credentials: Hiding): string {
  const plain = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = plain.indexOf(':')
  const isReadable = colon >= 0 && !/[\p{Cc}\uFFFD]/u.test(plain)
  if (!isReadable) return credentials.hide('credentials', encoded)
  // Hidden as it stands too: whoever repeats it repeats the password.
  credentials.hide('credentials', encoded)
  return `${plain.slice(0, colon)}:${credentials.hide('password', decoded(plain.slice(colon + 1)))}`
}

function authorization(value: string, credentials: Hiding): string {
  const [, scheme = '', space = '', rest = ''] = schemeAndRest.exec(value) ?? []
  if (scheme === '') return credentials.hide('token', value)
  const isBasic = scheme.toLowerCase() === 'basic'
  return `${scheme}${space}${isBasic ? basic(rest, credentials) : credentials.hide('token', rest.trimEnd())}`
}

/** One cookie, its name kept (RFC 6265 §4.1.1). */
function cookie(pair: string, credentials: Hiding): string {
  const equals = pair.indexOf('=')
  const value = pair.slice(equals + 1).trim()
  return `${pair.slice(0, equals + 1)}${credentials.hide('cookie', value.replace(/^"(.*)"$/, '$1'))}`
}

/** RFC 6265 §4.1: the attributes of a cookie say nothing secret. */
function setCookie(value: string, credentials: Hiding): string {
  const end = value.indexOf(';')
  const [pair, attributes] = end < 0 ? [value, ''] : [value.slice(0, end), value.slice(end)]
  return `${cookie(pair, credentials)}${credentials.text(attributes)}`
}

/** @returns the value of a header without its credentials; names of headers are kept by whoever lists them */
export function redactedHeader(name: string, value: string, credentials: Hiding): string {
  switch (name.toLowerCase()) {
    case 'authorization':
    case 'proxy-authorization':
    case 'x-authorization':
    case 'x-auth':
    case 'auth':
      return authorization(value, credentials)
    case 'cookie':
      return value
        .split(';')
        .map((pair) => cookie(pair, credentials))
        .join(';')
    case 'set-cookie':
      return setCookie(value, credentials)
    default:
      return isSecretName(name) ? credentials.hide(name, value) : credentials.text(value)
  }
}

/** @param flat names and values in turn, as Node has them */
export function redactedHeaders(flat: readonly string[], credentials: Hiding): Fields {
  const fields: [string, string][] = []
  for (let index = 0; index + 1 < flat.length; index += 2) {
    const name = flat[index] ?? ''
    fields.push([credentials.text(name), redactedHeader(name, flat[index + 1] ?? '', credentials)])
  }
  return fields
}
