import { isSecretName, isSecretParameter } from './secret-names.ts'

/** Takes the credentials out of one exchange. What it has once seen in a place of credentials it finds in every other place. */
export interface Credentials {
  /** @returns `<kind:xxxxxxxx>`, the same x for the same credential whatever the kind; nothing stays nothing */
  hide(kind: string, credential: string): string
  /** A text of any kind, without what can be told for a credential by its form or by what stands before it. */
  text(text: string): string
  /** A finished text, without any credential that was hidden anywhere before. */
  again(text: string): string
}

/** Our tokens and codes (src/grants/token-values.ts), refresh tokens first, as they contain what looks like an access token. */
const ourForms = /([\w-]{16}\.\d{1,9}\.[\w-]{43}\.[\w-]{16})|[\w-]{16}\.[\w-]{43}/g
/** RFC 7519: base64url of a text that begins with a brace. Anchored, or a long run of such beginnings would take long to refuse. */
const jwt = /(?<![\w-])e(?:y[AI-L]|w[o-r0])[\w-]{8,}\.[\w-]{2,}\.[\w-]*(?:\.[\w-]*){0,2}/g
/** RFC 6750 §2.1 and RFC 7617 §2, within other text. */
const afterScheme = /\b(bearer|basic)(\s+)([\w.~+/=-]{8,})/gi
/** RFC 3986 §3.2.1. */
const userinfo = /(\/\/[^\s/?#:@]*:)([^\s/?#@]+)@/g
/** The id of an interaction, which is also its cookie: in the path of its pages, and where the engine goes on from them. */
const uid = /\/([\w-]{43})(?![\w-])/g
const parameter = /(^|[?&#;\s])([\w.%-]+)=([^&#\s"'<>;]+)/g

/** What stands under percent signs may stand so once more; further down nobody reads it. */
const depthLimit = 3

/** Shorter ones would be found in words that have nothing to do with them. */
const recognizableLength = 8

const placeholder = /(<[\w.-]+:[\w-]{8}>)/

/** @returns the text without percent signs, or itself where they are not well written */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const kindOf = (name: string): string => name.replace(/[^\w.-]/g, '').slice(0, 40) || 'secret'

/**
 * @param hash keyed, so that nobody finds a short credential by trying: eight characters of it are shown
 * @returns for one exchange alone: it remembers what it hid until it is let go
 */
export function credentialsOf(hash: (text: string) => string): Credentials {
  const hidden = new Map<string, string>()

  function hide(kind: string, credential: string): string {
    if (credential === '') return ''
    const shown = `<${kindOf(kind)}:${hash(credential).slice(0, 8)}>`
    if (credential.length >= recognizableLength && !isSecretName(credential)) hidden.set(credential, shown)
    return shown
  }

  function parameters(text: string, depth: number): string {
    return text.replace(parameter, (found, ...groups) => {
      const [before, name, value] = groups as [string, string, string]
      const plain = decoded(value)
      if (isSecretParameter(decoded(name))) return `${before}${name}=${hide(decoded(name), plain)}`
      if (plain === value || depth >= depthLimit) return found
      const shown = redacted(plain, depth + 1)
      return shown === plain ? found : `${before}${name}=${shown}`
    })
  }

  const redacted = (text: string, depth: number): string =>
    parameters(text, depth)
      .replace(jwt, (found) => hide('jwt', found))
      .replace(ourForms, (found, refresh) => hide(refresh === undefined ? 'token' : 'refresh_token', found))
      .replace(afterScheme, (found, ...groups) => {
        const [scheme, space, value] = groups as [string, string, string]
        return /\d/.test(value) ? `${scheme}${space}${hide('token', value)}` : found
      })
      .replace(userinfo, (_, before: string, password: string) => `${before}${hide('password', password)}@`)
      .replace(uid, (_, found: string) => `/${hide('uid', found)}`)

  return {
    hide,
    text: (text) => redacted(text, 0),
    again(text) {
      let shown = text
      for (const [credential, instead] of hidden) {
        if (shown.includes(credential))
          shown = shown
            .split(placeholder)
            .map((part, index) => (index % 2 === 1 ? part : part.replaceAll(credential, instead)))
            .join('')
      }
      return shown
    },
  }
}
