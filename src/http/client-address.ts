import type { IncomingMessage } from 'node:http'
import { BlockList, isIP, SocketAddress } from 'node:net'

/** Longer lists than any chain of proxies writes are not read at all. */
const maxForwardedLength = 1024

/** One machine has one name: an IPv4 address that reached an IPv6 socket is written as IPv4 (RFC 4291 §2.5.5.2). */
const plainAddress = (address: string): string =>
  address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address

/**
 * @returns an address that somebody wrote, in the words in which those who call from it are known: IPv6 as RFC 5952 has it, without
 * a zone, IPv4 within IPv6 as IPv4; undefined when it is no address
 */
export function writtenAddress(text: string): string | undefined {
  if (isIP(text) !== 6) return isIP(text) === 4 ? text : undefined
  return plainAddress(new SocketAddress({ address: text, family: 'ipv6' }).address)
}

function rangesOf(proxies: readonly string[]): BlockList {
  const ranges = new BlockList()
  for (const proxy of proxies) {
    const [address = '', prefix] = proxy.split('/', 2)
    const version = isIP(address)
    const longest = version === 4 ? 32 : 128
    const length = prefix === undefined ? longest : Number(prefix)
    if (version === 0 || !/^\d{1,3}$/.test(prefix ?? '0') || length > longest)
      throw new Error(`a trusted proxy is an address or a range as 10.0.0.0/8, not ${JSON.stringify(proxy)}`)
    ranges.addSubnet(address, length, version === 4 ? 'ipv4' : 'ipv6')
  }
  return ranges
}

/** The right-most hop that is no trusted proxy: what stands left of it was written by whoever wanted to. */
function forwardedAddress(list: string, isTrusted: (address: string) => boolean): string | undefined {
  let end = list.length
  while (end > 0) {
    const comma = list.lastIndexOf(',', end - 1)
    const hop = plainAddress(list.slice(comma + 1, end).trim())
    if (isIP(hop) === 0) return undefined
    if (!isTrusted(hop)) return hop
    end = comma
  }
  return undefined
}

/**
 * Who is calling, for limits and logs. `X-Forwarded-For` counts only when the peer is a trusted proxy (DECISIONS 14);
 * a list that is malformed, too long or holds proxies alone leaves the peer itself.
 * @param trustedProxies addresses or ranges, as `10.0.0.0/8` @throws when one is neither
 */
export function clientAddress(trustedProxies: readonly string[]): (request: IncomingMessage) => string {
  const ranges = rangesOf(trustedProxies)
  // A peer without an address (a UNIX socket) is in no range, and the list refuses to be asked about it.
  const isTrusted = (address: string): boolean =>
    isIP(address) !== 0 && ranges.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
  const peerOf = (request: IncomingMessage): string => plainAddress(request.socket.remoteAddress ?? '')
  if (trustedProxies.length === 0) return peerOf
  return (request) => {
    const peer = peerOf(request)
    const list = request.headers['x-forwarded-for']
    if (typeof list !== 'string' || list.length > maxForwardedLength || !isTrusted(peer)) return peer
    return forwardedAddress(list, isTrusted) ?? peer
  }
}
