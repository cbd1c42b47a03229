import { createHmac, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { newKeyMaterial } from '#secrets/key-file.ts'
import { secretsFrom } from '#secrets/secrets.ts'
import { seededRandom } from '../authorization-server/seeded-random.ts'

const material = await newKeyMaterial(randomBytes)
const secrets = secretsFrom(material, randomBytes)
const strangers = secretsFrom(await newKeyMaterial(randomBytes), randomBytes)

describe('keyed hashes', () => {
  test('are HMAC-SHA-256 under the key of the installation, RFC 2104', () => {
    const expected = createHmac('sha256', Buffer.from(material.hash, 'base64url'))
      .update('kind\0text')
      .digest('base64url')
    expect(secrets.hash('kind', 'text')).toBe(expected)
  })

  test.each([
    ...['', 'x'.repeat(55), 'x'.repeat(64), 'x'.repeat(100_000), 'é\u{1f600}\0', '\ud800'],
    // About where a message is too long for the room that is kept for one.
    ...[143, 144, 145, 443, 448].flatMap((length) => ['x'.repeat(length), '€'.repeat(length)]),
  ])('are HMAC-SHA-256 of any text: %.20j', (text) => {
    const codes = (key: string): string =>
      createHmac('sha256', Buffer.from(key, 'base64url')).update(`kind\0${text}`).digest('base64url')
    expect(secrets.hash('kind', text)).toBe(codes(material.hash))
    expect(secrets.mac('kind', text)).toBe(codes(material.mac).slice(0, 16))
  })

  test('of a short text hold nothing of a longer one before it', () => {
    const expected = secrets.hash('kind', 'text')
    secrets.hash('kind', 'text and more')
    expect(secrets.hash('kind', 'text')).toBe(expected)
  })

  test('keep kinds of credential and installations apart', () => {
    const all = [
      secrets.hash('a', 'b'),
      secrets.hash('b', 'a'),
      secrets.hash('ab', ''),
      secrets.hash('', 'ab'),
      strangers.hash('a', 'b'),
    ]
    expect(new Set(all).size).toBe(all.length)
    for (const hash of all) expect(hash).toMatch(/^[\w-]{43}$/)
  })
})

describe('message authentication codes', () => {
  test('hold for their message and purpose alone', () => {
    const mac = secrets.mac('purpose', 'message')
    expect(mac).toMatch(/^[\w-]{16}$/)
    expect(secrets.hasMac('purpose', 'message', mac)).toBe(true)
    expect(secrets.hasMac('another', 'message', mac)).toBe(false)
    expect(secrets.hasMac('purpose', 'messages', mac)).toBe(false)
    expect(strangers.hasMac('purpose', 'message', mac)).toBe(false)
  })

  test.each([
    '',
    'A',
    'A'.repeat(15),
    'A'.repeat(16),
    'A'.repeat(17),
    'A'.repeat(10_000),
    'é'.repeat(8),
    '\0'.repeat(16),
  ])('are not %.20j', (presented) => {
    expect(secrets.hasMac('purpose', 'message', presented)).toBe(false)
  })
})

describe('sealed texts, AES-256-GCM', () => {
  test.each(['', 'text', 'é\u{1f600}\0', 'x'.repeat(100_000)])('open where they belong: %.20j', (text) => {
    const sealed = secrets.seal('context', text)
    expect(secrets.unseal('context', sealed)).toBe(text)
    expect(secrets.unseal('another', sealed)).toBeUndefined()
    expect(strangers.unseal('context', sealed)).toBeUndefined()
  })

  test('differ each time, so that equal texts do not show', () => {
    expect(secrets.seal('context', 'text')).not.toBe(secrets.seal('context', 'text'))
  })

  test('open no more when any byte of them differs, security-cases K04', () => {
    const sealed = Buffer.from(secrets.seal('context', 'some text'), 'base64url')
    for (let index = 0; index < sealed.length; index += 1) {
      const changed = Buffer.from(sealed)
      changed[index] = (changed[index] ?? 0) ^ 1
      expect(secrets.unseal('context', changed.toString('base64url'))).toBeUndefined()
    }
  })

  test('open no more when they are cut, longer or made up', () => {
    const sealed = secrets.seal('context', 'some text')
    for (let length = 0; length < sealed.length; length += 1)
      expect(secrets.unseal('context', sealed.slice(0, length))).toBeUndefined()
    const below = seededRandom(7)
    for (let attempt = 0; attempt < 500; attempt += 1) {
      const noise = Buffer.from(Array.from({ length: below(120) }, () => below(256))).toString('base64url')
      expect(secrets.unseal('context', noise)).toBeUndefined()
    }
    expect(secrets.unseal('context', `${sealed}AAAA`)).toBeUndefined()
  })
})

describe('initialization vectors', () => {
  test('are 96 random bits each, and none comes twice', () => {
    const sealed = Array.from({ length: 1_000 }, () => secrets.seal('context', 'text'))
    const vectors = sealed.map((text) => Buffer.from(text, 'base64url').subarray(0, 12).toString('hex'))
    expect(new Set(vectors).size).toBe(vectors.length)
  })
})
