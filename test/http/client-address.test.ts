import type { IncomingMessage } from 'node:http'
import { describe, expect, test } from 'vitest'
import { clientAddress, writtenAddress } from '#http/client-address.ts'
import { requestIds } from '#http/request-id.ts'

const from = (peer: string | undefined, forwardedFor?: string): IncomingMessage =>
  ({
    socket: { remoteAddress: peer },
    headers: forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor },
  }) as unknown as IncomingMessage

describe('client address, security-cases H02', () => {
  test.each([
    ['198.51.100.1', undefined, '198.51.100.1'],
    ['::ffff:198.51.100.1', undefined, '198.51.100.1'],
    ['2001:db8::1', undefined, '2001:db8::1'],
    ['198.51.100.1', '192.0.2.1', '198.51.100.1'],
    [undefined, '192.0.2.1', ''],
  ])('without trusted proxies is the peer: %s with %s', (peer, forwardedFor, expected) => {
    expect(clientAddress([])(from(peer, forwardedFor))).toBe(expected)
  })

  test.each([
    ['is believed from the proxy', '10.0.0.1', '192.0.2.1', '192.0.2.1'],
    ['is believed from a proxy on an IPv6 socket', '::ffff:10.0.0.1', '192.0.2.1', '192.0.2.1'],
    ['is read from the right, past other proxies', '10.0.0.1', '1.1.1.1, 192.0.2.1, 10.9.9.9', '192.0.2.1'],
    ['holds IPv6', 'fd00::1', '2001:db8::7', '2001:db8::7'],
    ['is not believed from elsewhere', '198.51.100.1', '192.0.2.1', '198.51.100.1'],
    ['is ignored when it is missing', '10.0.0.1', undefined, '10.0.0.1'],
    ['is ignored when it is empty', '10.0.0.1', '', '10.0.0.1'],
    ['is ignored when its right end is no address', '10.0.0.1', '192.0.2.1, unknown', '10.0.0.1'],
    ['is ignored when it has a port', '10.0.0.1', '192.0.2.1:80', '10.0.0.1'],
    ['is ignored when it holds proxies alone', '10.0.0.1', '10.0.0.2, 10.0.0.3', '10.0.0.1'],
    ['is ignored when it ends in a comma', '10.0.0.1', '192.0.2.1,', '10.0.0.1'],
    ['is ignored when it is long', '10.0.0.1', '192.0.2.1,'.repeat(200).concat('192.0.2.1'), '10.0.0.1'],
    ['is not believed from a peer without an address', undefined, '192.0.2.1', ''],
  ])('X-Forwarded-For %s', (_what, peer, forwardedFor, expected) => {
    expect(clientAddress(['10.0.0.0/8', 'fd00::1'])(from(peer, forwardedFor))).toBe(expected)
  })

  test.each(['proxy.example', '10.0.0.0/33', '10.0.0.0/x', 'fd00::/129', '', '10.0.0.0/-1', '10.0.0.0/'])(
    'a trusted proxy cannot be %j',
    (proxy) => {
      expect(() => clientAddress([proxy])).toThrow('a trusted proxy is an address or a range')
    },
  )
})

describe('an address that somebody wrote', () => {
  test.each([
    ['198.51.100.1', '198.51.100.1'],
    ['::ffff:198.51.100.1', '198.51.100.1'],
    ['::FFFF:c633:6401', '198.51.100.1'],
    ['0:0:0:0:0:FFFF:198.51.100.1', '198.51.100.1'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::', '::'],
  ])('%s is %s', (text, expected) => {
    expect(writtenAddress(text)).toBe(expected)
  })

  test.each([
    '',
    'localhost',
    '127.1',
    '198.51.100.1:80',
    '[::1]',
    '::ffff:198.51.100.256',
    ' ::1',
    '10.0.0.0/8',
  ])('is not %j', (text) => {
    expect(writtenAddress(text)).toBeUndefined()
  })
})

describe('request ids', () => {
  test('differ, also between processes', () => {
    const one = requestIds(() => Buffer.from('process 1'))
    const other = requestIds(() => Buffer.from('process 2'))
    const ids = [one(), one(), other(), other()]
    expect(new Set(ids).size).toBe(4)
    for (const id of ids) expect(id).toMatch(/^[\w-]{12}\.[0-9a-z]+$/)
  })
})
