import { decoded } from './percent-encoding.ts'
import type { Hiding } from './redacted-headers.ts'
import { isSecretWord, secretWordOf } from './secret-names.ts'
import { withoutPairs } from './secret-pairs.ts'

/** Takes the credentials out of one exchange. What it has once seen in a place of credentials it finds in every other place. */
export interface Credentials extends Hiding {
  /** A finished text, without any credential that was hidden anywhere before. */
  again(text: string): string
}

/** Our tokens and codes (src/grants/token-values.ts), refresh tokens first, as they contain what looks like an access token. */
const ourForms = /([\w-]{16}\.\d{1,9}\.[\w-]{43}\.[\w-]{16})|[\w-]{16}\.[\w-]{43}/g
const apiTokens = /panoptes_[\w-]{75}/g
/** RFC 7519: base64url of a text that begins with a brace. Anchored, or a long run of such beginnings would take long to refuse. */
const jwt = /(?<![\w-])e(?:y[AI-L]|w[o-r0])[\w-]{8,}\.[\w-]{2,}\.[\w-]*(?:\.[\w-]*){0,2}/g
/** RFC 6750 §2.1 and RFC 7617 §2, within other text. */
const afterScheme = /\b(bearer|basic)(\s+)([\w.~+/=-]{8,})/gi
/** RFC 3986 §3.2.1. */
const userinfo = /(\/\/[^\s/?#:@]*:)([^\s/?#@]+)@/g
/** The id of an interaction, which is also its cookie: in the path of its pages, and where the engine goes on from them. */
const uid = /\/([\w-]{43})(?![\w-])/g
/** RFC 8628 §3.3: nobody is asked for a code in the path, and some write it there. */
const userCode = /(\/oauth2\/device\/)(?!authorization(?![\w-]))([\w.%-]+)/gi

/** What stands under percent signs may stand so once more; further down nobody reads it. */
const depthLimit = 3

/** Shorter ones would be found in words that have nothing to do with them. */
const recognizableLength = 8

/** No exchange in earnest has so many; one made to have more is redacted in place all the same. */
const rememberedLimit = 100

const placeholder = /(<[\w.-]+:[\w-]{8}>)/
const placeholderAlone = /^<[\w.-]{1,40}:[\w-]{8}>$/

const kindOf = (name: string): string =>
  (/^[\w-]+$/.test(name) ? name : (secretWordOf(name) ?? 'secret')).slice(0, 40)

/**
 * @param hash keyed, so that nobody finds a short credential by trying: eight characters of it are shown
 * @returns for one exchange alone: it remembers what it hid until it is let go
 */
export function credentialsOf(hash: (text: string) => string): Credentials {
  const hidden = new Map<string, string>()

  function hide(kind: string, credential: string): string {
    // What was hidden before is shown as it was.
    if (credential === '' || placeholderAlone.test(credential)) return credential
    const shown = `<${kindOf(kind)}:${hash(credential).slice(0, 8)}>`
    const isRecognizable = credential.length >= recognizableLength && !isSecretWord(credential)
    if (isRecognizable && hidden.size < rememberedLimit) hidden.set(credential, shown)
    return shown
  }

  // The rest of a text is looked at afterwards anyway.
  const besideNames: Hiding = { hide, text: (text) => text }

  const inPaths = (text: string): string =>
    text
      .replace(userCode, (_, before: string, code: string) => `${before}${hide('user_code', decoded(code))}`)
      .replace(uid, (_, found: string) => `/${hide('uid', found)}`)

  const afterSchemes = (text: string): string =>
    text.replace(afterScheme, (found, ...groups) => {
      const [scheme, space, value] = groups as [string, string, string]
      return /\d/.test(value) ? `${scheme}${space}${hide('token', value)}` : found
    })

  /** Most texts hold nothing, and a search for what a form cannot do without is much cheaper than the form. */
  function asItStands(text: string): string {
    let shown = withoutPairs(text, besideNames)
    if (/e[yw]/.test(shown)) shown = shown.replace(jwt, (found) => hide('jwt', found))
    if (/\.[\w-]{43}/.test(shown))
      shown = shown.replace(ourForms, (found, refresh) => hide(refresh ? 'refresh_token' : 'token', found))
    if (shown.includes('panoptes_')) shown = shown.replace(apiTokens, (found) => hide('api_token', found))
    if (/bearer|basic/i.test(shown)) shown = afterSchemes(shown)
    if (shown.includes('@'))
      shown = shown.replace(
        userinfo,
        (_, before: string, password: string) => `${before}${hide('password', password)}@`,
      )
    return shown.includes('/') ? inPaths(shown) : shown
  }

  /** Where something is found only under percent signs, the text is shown without them. */
  function redacted(text: string, depth: number): string {
    const shown = asItStands(text)
    if (depth >= depthLimit || !shown.includes('%')) return shown
    const plain = decoded(shown)
    const below = plain === shown ? plain : redacted(plain, depth + 1)
    return below === plain ? shown : below
  }

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
