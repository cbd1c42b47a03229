import { isIPv4, isIPv6 } from 'node:net'

/**
 * Whether a text is a prefix that a test can watch. The document says that it is a network address with a length from 8 to 24, which
 * holds for IPv4; that IPv6 is taken, up to the length of its addresses, is inferred.
 */
export function isBgpPrefix(text: string): boolean {
  const [, address = '', length = ''] = /^([\da-f.:]+)\/(\d{1,3})$/i.exec(text) ?? []
  const bits = Number(length)
  return isIPv4(address) ? bits >= 8 && bits <= 24 : isIPv6(address) && bits <= 128
}
