/**
 * Secrets: the keys of this installation and what is done with them: keyed hashes of tokens at rest, MACs, sealing of short-lived
 * records, cookie signing. One place, so that nobody else handles key material. Material comes from key-file.ts.
 */
import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hash,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto'

/** A private signing key as a JWK (RFC 7517), with `kid` and `alg`. */
export type SigningKey = Readonly<Record<string, unknown>> & { readonly kid: string; readonly alg: string }

/** What keys.json holds; 32-byte keys in base64url. */
export interface KeyMaterial {
  readonly schema: 1
  readonly hash: string
  readonly mac: string
  readonly seal: string
  /** Newest first (cookies signed with an older one are still read). */
  readonly cookies: readonly string[]
  /** Newest first. */
  readonly signing: readonly SigningKey[]
}

export interface Secrets {
  /** Keyed hash of a credential at rest (HMAC-SHA-256, base64url). `kind` keeps the kinds of credential apart. */
  hash(kind: string, credential: string): string
  /** Message authentication code (HMAC-SHA-256, first 96 bits, base64url: 16 characters). */
  mac(purpose: string, message: string): string
  /** Whether the code is the MAC of the message; constant time. */
  hasMac(purpose: string, message: string, mac: string): boolean
  /** AES-256-GCM; `context` is authenticated, so a sealed text opens only where it belongs. */
  seal(context: string, text: string): string
  /** @returns the text, or undefined when it was not sealed by these keys for this context */
  unseal(context: string, sealed: string): string | undefined
  readonly cookieKeys: readonly string[]
  readonly signingKeys: readonly SigningKey[]
}

/** 96 bits of a code in base64url. */
const macLength = 16
const ivLength = 12
const tagLength = 16

const hmacBlock = 64
const digestLength = 32

/** What is coded is mostly a token with a word in front: so many bytes are written where the last ones stood. */
const shortMessage = 448

/**
 * HMAC-SHA-256 (RFC 2104 §2) under one key, as two one-shot hashes over pads that are made once. Node's `createHmac` makes an
 * object for each code, and to make and collect it costs more than the hashing (DECISIONS 44); so does a buffer for each message.
 * @param key at most 64 bytes: a longer one would have to be hashed first
 */
function hmacSha256(key: Buffer): (message: string, encoding: 'base64url' | 'binary') => string {
  if (key.length > hmacBlock) throw new Error(`the key of a code has at most ${hmacBlock} bytes`)
  const padded = (byte: number, room: number): Buffer => {
    const pad = Buffer.concat([Buffer.alloc(hmacBlock, byte), Buffer.alloc(room)])
    for (const [index, keyByte] of key.entries()) pad[index] = byte ^ keyByte
    return pad
  }
  const inner = padded(0x36, shortMessage)
  const outer = padded(0x5c, digestLength)
  // Views by their length: a text of n UTF-16 units has n to 3n bytes.
  const views: Buffer[] = []
  const padAnd = (message: string): Buffer => {
    if (message.length * 3 > shortMessage)
      return Buffer.concat([inner.subarray(0, hmacBlock), Buffer.from(message)])
    const end = hmacBlock + inner.write(message, hmacBlock)
    views[end] ??= inner.subarray(0, end)
    return views[end]
  }
  return (message, encoding) => {
    outer.write(hash('sha256', padAnd(message), 'binary'), hmacBlock, 'binary')
    return hash('sha256', outer, encoding)
  }
}

/** How many vectors one draw of random bytes is for: a draw has its price, however small it is. */
const vectorsDrawn = 64

/** @returns a function that gives a new initialization vector at each call, never one twice */
export function vectorSource(randomBytes: (size: number) => Buffer): () => Buffer {
  let drawn: Buffer = Buffer.alloc(0)
  return () => {
    if (drawn.length === 0) drawn = randomBytes(ivLength * vectorsDrawn)
    const vector = drawn.subarray(0, ivLength)
    drawn = drawn.subarray(ivLength)
    return vector
  }
}

/** Seals under a key: iv, ciphertext and tag in one base64url text. */
export function sealWith(
  key: KeyObject,
  iv: Buffer,
  { context, text }: { context: string; text: string },
): string {
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: tagLength }).setAAD(
    Buffer.from(context),
  )
  const parts = [iv, cipher.update(text, 'utf8'), cipher.final()]
  return Buffer.concat([...parts, cipher.getAuthTag()]).toString('base64url')
}

/** @returns the text that sealWith put in; undefined when key, context or a byte differs */
export function unsealWith(key: KeyObject, context: string, sealed: string): string | undefined {
  const bytes = Buffer.from(sealed, 'base64url')
  if (bytes.length < ivLength + tagLength) return undefined
  // A short tag would weaken GCM, so its length is pinned (libraries: AES-GCM without authTagLength).
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, ivLength), {
    authTagLength: tagLength,
  })
  decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(-tagLength))
  try {
    return decipher.update(bytes.subarray(ivLength, -tagLength), undefined, 'utf8') + decipher.final('utf8')
  } catch {
    return undefined
  }
}

const keyBytes = (key: string): Buffer => Buffer.from(key, 'base64url')

/** The operations on given key material. @param randomBytes source of initialization vectors */
export function secretsFrom(material: KeyMaterial, randomBytes: (size: number) => Buffer): Secrets {
  const [hashed, coded] = [hmacSha256(keyBytes(material.hash)), hmacSha256(keyBytes(material.mac))]
  // As a KeyObject: Node spends several times as long on a key that it is given as bytes.
  const sealKey = createSecretKey(keyBytes(material.seal))
  const nextVector = vectorSource(randomBytes)
  const mac = (purpose: string, message: string): string =>
    coded(`${purpose}\0${message}`, 'base64url').slice(0, macLength)
  return {
    hash: (kind, credential) => hashed(`${kind}\0${credential}`, 'base64url'),
    mac,
    hasMac(purpose, message, presented) {
      const [expected, actual] = [Buffer.from(mac(purpose, message)), Buffer.from(presented)]
      return expected.length === actual.length && timingSafeEqual(expected, actual)
    },
    seal: (context, text) => sealWith(sealKey, nextVector(), { context, text }),
    unseal: (context, sealed) => unsealWith(sealKey, context, sealed),
    cookieKeys: material.cookies,
    signingKeys: material.signing,
  }
}
