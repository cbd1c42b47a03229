import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type JsonWebKey,
  type JsonWebKeyInput,
  sign,
  verify,
} from 'node:crypto'
import { chmodSync, existsSync, linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import type { KeyMaterial } from './secrets.ts'

const key32 = z.string().regex(/^[\w-]{43}$/, 'a 32-byte key in base64url')

/** A private key of P-256 as a JWK (RFC 7518 §6.2.2). */
const signingKey = z
  .object({
    kid: z.string().min(1).max(256),
    alg: z.literal('ES256'),
    use: z.literal('sig').optional(),
    kty: z.literal('EC'),
    crv: z.literal('P-256'),
    x: key32,
    y: key32,
    d: key32,
  })
  .refine(isPrivateKey, 'the key of an ES256 signature')

/** What the private part signs, the public part must verify. */
function isPrivateKey({ d, ...key }: JsonWebKey): boolean {
  try {
    const probe = Buffer.from('panoptes')
    const signature = sign(
      'sha256',
      probe,
      createPrivateKey({ key: { ...key, d }, format: 'jwk' } as JsonWebKeyInput),
    )
    return verify('sha256', probe, createPublicKey({ key, format: 'jwk' }), signature)
  } catch {
    return false
  }
}

const materialSchema = z.object({
  schema: z.literal(1),
  hash: key32,
  mac: key32,
  seal: key32,
  cookies: z.array(key32).min(1).max(16),
  signing: z
    .array(signingKey)
    .min(1)
    .max(16)
    .refine((keys) => new Set(keys.map(({ kid }) => kid)).size === keys.length, 'keys with different kids'),
})

/** Fresh keys for a first start: four random ones and an ES256 key pair (RFC 7518 §3.4). */
export async function newKeyMaterial(randomBytes: (size: number) => Buffer): Promise<KeyMaterial> {
  const key = (): string => randomBytes(32).toString('base64url')
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' })
  const signing = {
    ...privateKey.export({ format: 'jwk' }),
    alg: 'ES256',
    use: 'sig',
    kid: randomBytes(9).toString('base64url'),
  }
  return { schema: 1, hash: key(), mac: key(), seal: key(), cookies: [key()], signing: [signing] }
}

/** @returns the material, or in words what is wrong with it */
export function parseKeyMaterial(found: unknown): KeyMaterial | string {
  const parsed = materialSchema.safeParse(found)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  return `${issue?.path.join('.') || 'top level'}: ${issue?.message}`
}

function readKeyFile(path: string): KeyMaterial {
  if ((statSync(path).mode & 0o077) !== 0)
    throw new Error(`${path} can be read by others; allowed is mode 600 (chmod 600 ${path})`)
  const parsed = parseKeyMaterial(parseJson(path))
  if (typeof parsed === 'string') throw new Error(`${path} is not a key file of this version: ${parsed}`)
  return parsed
}

function parseJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new Error(`${path} is not readable JSON`, { cause })
  }
}

/**
 * The keys of a data directory: read from `keys.json`, or made and written there on the first start.
 * @throws when the file is readable by others, unreadable or of another schema; keys are never silently replaced
 */
export async function loadKeyMaterial(
  directory: string,
  randomBytes: (size: number) => Buffer,
): Promise<KeyMaterial> {
  const path = join(directory, 'keys.json')
  if (existsSync(path)) return readKeyFile(path)
  const fresh = `${path}.${randomBytes(6).toString('hex')}`
  writeFileSync(fresh, `${JSON.stringify(await newKeyMaterial(randomBytes), undefined, 2)}\n`, {
    mode: 0o600,
  })
  chmodSync(fresh, 0o600)
  try {
    linkSync(fresh, path) // fails when another process was first; its keys then count
  } catch (cause) {
    if (!existsSync(path)) throw cause
  } finally {
    rmSync(fresh, { force: true })
  }
  return readKeyFile(path)
}
