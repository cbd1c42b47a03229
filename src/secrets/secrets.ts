/**
 * Secrets: the keys of this installation and what is done with them: keyed hashes of tokens at rest, MACs, sealing of short-lived
 * records, cookie signing. One place, so that nobody else handles key material. Material comes from key-file.ts.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
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

const ivLength = 12
const tagLength = 16

/** Seals under a key: iv, ciphertext and tag in one base64url text. */
export function sealWith(
  key: KeyObject,
  iv: Buffer,
  { context, text }: { context: string; text: string },
): string {
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: tagLength }).setAAD(
    Buffer.from(context),
  )
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([iv, body, cipher.getAuthTag()]).toString('base64url')
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

/**
 * A key that only the bearer of the text can make: HKDF-Extract with the purpose as salt (RFC 5869 §2.2). What is sealed under it is
 * useless without that text, which is a token of 256 random bits.
 */
export const keyFrom = (bearerText: string, purpose: string): KeyObject =>
  createSecretKey(createHmac('sha256', purpose).update(bearerText).digest())

/** The operations on given key material. @param randomBytes source of initialization vectors */
export function secretsFrom(material: KeyMaterial, randomBytes: (size: number) => Buffer): Secrets {
  // As KeyObjects: Node spends five times as long on a key that it is given as bytes.
  const [hashKey, macKey, sealKey] = [material.hash, material.mac, material.seal].map((key) =>
    createSecretKey(key, 'base64url'),
  ) as [KeyObject, KeyObject, KeyObject]
  const mac = (purpose: string, message: string): string =>
    createHmac('sha256', macKey)
      .update(`${purpose}\0${message}`)
      .digest()
      .subarray(0, 12)
      .toString('base64url')
  return {
    hash: (kind, credential) =>
      createHmac('sha256', hashKey).update(`${kind}\0${credential}`).digest('base64url'),
    mac,
    hasMac(purpose, message, presented) {
      const [expected, actual] = [Buffer.from(mac(purpose, message)), Buffer.from(presented)]
      return expected.length === actual.length && timingSafeEqual(expected, actual)
    },
    seal: (context, text) => sealWith(sealKey, randomBytes(ivLength), { context, text }),
    unseal: (context, sealed) => unsealWith(sealKey, context, sealed),
    cookieKeys: material.cookies,
    signingKeys: material.signing,
  }
}
