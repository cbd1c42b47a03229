import { decoded } from './percent-encoding.ts'
import { type Hiding, redactedHeader } from './redacted-headers.ts'
import { isSecretName, isSecretParameter } from './secret-names.ts'

/** How a name may stand beside its value in text of any kind. */
interface Pairing {
  /** Between the two. A search for it is much cheaper than one for the pair. */
  readonly sign: string
  /** All up to the value; the group is the name. */
  readonly beside: RegExp
  readonly isSecret: (name: string) => boolean
  /** Sticky: what opens the value, and in the last group the value, at the end. */
  readonly value: RegExp
}

const quotedOrWord = /(["'])((?:(?!\1)[^\r\n])*)|([^&#\s"'<>;]+)/y

const pairings: readonly Pairing[] = [
  // Queries, forms and fragments, wherever they are repeated: `a=1&token=…`.
  {
    sign: '=',
    beside: /(?<![\w.%[\]-])([\w.%[\]-]+)=/g,
    isSecret: (name) => isSecretParameter(decoded(name)),
    value: quotedOrWord,
  },
  // Settings: `password = "…"`.
  {
    sign: '=',
    beside: /(?<![\w.%[\]-])([\w.%[\]-]+)[ \t]{0,8}=[ \t]{1,8}/g,
    isSecret: isSecretName,
    value: quotedOrWord,
  },
  // JSON and its like, also escaped in a string: `"token": "…"`, `{\"token\":\"…\"}`.
  {
    sign: ':',
    beside: /["']([\w.%[\] -]{1,60})\\{0,7}["']\s{0,20}:\s{0,20}/g,
    isSecret: isSecretName,
    value: /(\\{0,7}["'])((?:(?!\1)[^\r\n])*)|([^\s"'<>,;&{}[\]\\]+)/y,
  },
  // Lines of headers and of YAML, where the value may stand on the next line: `X-Api-Key: …`, `- token: >-`.
  {
    sign: ':',
    beside: /^[ \t]{0,80}(?:[-*>#][ \t]{1,8})?([\w.-]{2,60})[ \t]{0,8}:[ \t]{0,80}/gm,
    isSecret: isSecretName,
    value:
      /(?:[|>][-+\d]{0,2}[ \t]{0,8})?(?:\r?\n[ \t]{1,80})?(?:(["'])((?:(?!\1)[^\r\n])*)|([^\s"'{[](?:[^\r\n]*[^\s,;])?))/y,
  },
]

/** Of true, false and null nobody learns anything, nor of a name and a password that is hidden already. */
const saysNothing = /^(?:true|false|null|basic\s+[^\s<>]*:<password:[\w-]{8}>)?$/i

function withoutPairing(text: string, { sign, beside, isSecret, value }: Pairing, hiding: Hiding): string {
  if (!text.includes(sign)) return text
  let shown = ''
  let done = 0
  for (const { 0: found, 1: name = '', index } of text.matchAll(beside)) {
    // What stands in a value is hidden with it.
    if (index < done || !isSecret(name)) continue
    value.lastIndex = index + found.length
    const match = value.exec(text)
    const credential = match?.findLast((group) => group !== undefined) ?? ''
    if (saysNothing.test(credential)) continue
    const end = value.lastIndex
    shown +=
      text.slice(done, end - credential.length) + hiddenValue(decoded(name), decoded(credential), hiding)
    done = end
  }
  return done === 0 ? text : shown + text.slice(done)
}

/** Names as `code` promise a credential where pairs of an equals sign stand, and nowhere else. */
const hiddenValue = (name: string, credential: string, hiding: Hiding): string =>
  isSecretName(name) ? redactedHeader(name, credential, hiding) : hiding.hide(name, credential)

/** @returns the text without the values that stand beside the names of secrets */
export const withoutPairs = (text: string, hiding: Hiding): string =>
  pairings.reduce((shown, pairing) => withoutPairing(shown, pairing, hiding), text)
