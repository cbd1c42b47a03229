/** Forms that a text of a request is said to have, where no schema holds it. */
import { isIP, isIPv4, isIPv6 } from 'node:net'
import { isBgpPrefix } from '../bgp-prefix.ts'
import { isJsonObject } from '../json.ts'

export interface TextForm {
  readonly fits: (text: string) => boolean
  /** What stands behind the name of the field in a refusal. */
  readonly wanted: string
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** What `{{variable}}` stands for is not known yet: outside of quotes it may be any value, within them it is text anyway. */
const withVariables = (text: string): string => text.replaceAll(/\{\{[^{}]*\}\}/g, '0')

const hasBlocks = (text: string): boolean => /\{\{\{|\{\{\s*[#/^!>&]|\{\{\s*else\b/.test(text)

export function isCidr(text: string): boolean {
  const [, address = '', length = ''] = /^([\da-f.:]+)\/(\d{1,3})$/i.exec(text) ?? []
  return isIPv4(address) ? Number(length) <= 32 : isIPv6(address) && Number(length) <= 128
}

const placeOf = (text: string, title: RegExp): number => text.search(title)

/** In a text with both; with one of them alone there is no order. */
function isKeyFirst(text: string): boolean {
  const key = placeOf(text, /-----BEGIN [A-Z ]*PRIVATE KEY-----/)
  const certificate = placeOf(text, /-----BEGIN CERTIFICATE-----/)
  return key < 0 || certificate < 0 || key < certificate
}

const httpsAddress = (text: string): URL | undefined =>
  URL.canParse(text) && new URL(text).protocol === 'https:' ? new URL(text) : undefined

export const textForms: Readonly<Record<string, TextForm>> = {
  json: { fits: (text) => parsed(text) !== undefined, wanted: 'must be JSON.' },
  'json-with-variables': {
    fits: (text) => text === '' || parsed(withVariables(text)) !== undefined,
    wanted: 'must be JSON, but for its variables.',
  },
  'json-object-template': {
    fits: (text) => text === '' || hasBlocks(text) || isJsonObject(parsed(withVariables(text))),
    wanted: 'must become a JSON object.',
  },
  'key-first': { fits: isKeyFirst, wanted: 'must have the private key before the certificate.' },
  cidr: { fits: isCidr, wanted: 'must be in CIDR notation, as in 192.0.2.0/24.' },
  network: {
    fits: (text) => isCidr(text) || isIP(text) !== 0,
    wanted: 'must be in CIDR notation, as in 192.0.2.0/24, or an IP address.',
  },
  address: { fits: (text) => isIP(text) !== 0, wanted: 'must be an IP address.' },
  'lower-case-mac': {
    fits: (text) => /^[\da-f]{2}(?::[\da-f]{2}){5}$/.test(text),
    wanted: 'must be a MAC address in lower case with colons, as in 00:00:5e:00:53:01.',
  },
  digits: { fits: (text) => /^\d+$/.test(text), wanted: 'must be a number.' },
  'watched-prefix': {
    fits: isBgpPrefix,
    wanted: 'must be a network address and the length of its prefix, as in 192.0.2.0/24.',
  },
  https: { fits: (text) => httpsAddress(text) !== undefined, wanted: 'must be a URL and use HTTPS.' },
  'no-path': {
    fits(text) {
      const { pathname = '/', search = '' } = httpsAddress(text) ?? {}
      return pathname === '/' && search === ''
    },
    wanted: 'cannot contain a path.',
  },
}
