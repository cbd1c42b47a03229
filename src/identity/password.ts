import { scrypt, timingSafeEqual } from 'node:crypto'
import { limitedTo } from '#domain/limited-to.ts'
import { normalizedPassword } from '#domain/password-rules.ts'

/** What one scrypt costs (RFC 7914 §2): 128 * N * r bytes of memory, p times over. It stands in each hash, so it can be raised. */
export interface PasswordCost {
  readonly N: number
  readonly r: number
  readonly p: number
}

/**
 * `light`: the emulator prints its passwords on the screen, so guessing them from a stolen file needs no slowing down: 1 MiB, some
 * 2 ms. `strong`: for passwords that people use elsewhere too, as OWASP's Password Storage Cheat Sheet has it: 32 MiB, three times.
 */
export const passwordCosts: Readonly<Record<'light' | 'strong', PasswordCost>> = {
  light: { N: 1_024, r: 8, p: 1 },
  strong: { N: 32_768, r: 8, p: 3 },
}

const keyLength = 32
/** libuv has four threads, shared with DNS and files; two may hash at once (libraries, trap 15). */
const atOnce = 2
const waitingAtMost = 256

export interface Passwords {
  /** @returns the text to store: costs, salt and key @throws when too many wait already */
  hash(password: string): Promise<string>
  /**
   * Whether the password made the stored text. With no stored text it takes as long and answers false.
   * @throws when too many wait already
   */
  verify(password: string, stored: string | undefined): Promise<boolean>
  /** Whether the text was made at another cost than new ones are. */
  isOutdated(stored: string): boolean
}

function derive(password: string, salt: Buffer, cost: PasswordCost): Promise<Buffer> {
  const options = { ...cost, maxmem: 256 * cost.N * cost.r }
  return new Promise((resolve, reject) => {
    scrypt(normalizedPassword(password), salt, keyLength, options, (error, key) =>
      error ? reject(error) : resolve(key),
    )
  })
}

interface StoredHash {
  readonly cost: PasswordCost
  readonly salt: Buffer
  readonly key: Buffer
}

const stored = ({ cost, salt, key }: StoredHash): string =>
  ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64url'), key.toString('base64url')].join(':')

function parseStored(text: string): StoredHash {
  const [, N, r, p, salt = '', key = ''] = text.split(':')
  const cost = { N: Number(N), r: Number(r), p: Number(p) }
  return { cost, salt: Buffer.from(salt, 'base64url'), key: Buffer.from(key, 'base64url') }
}

const workOf = ({ N, r, p }: PasswordCost): number => N * r * p

/**
 * Password hashing by scrypt, at most two at a time.
 * @param cost of new hashes, and of the decoy for users who do not exist @param randomBytes source of salts
 */
export function scryptPasswords(cost: PasswordCost, randomBytes: (size: number) => Buffer): Passwords {
  const queued = limitedTo({ atOnce, waitingAtMost })
  const decoy: StoredHash = { cost, salt: randomBytes(16), key: randomBytes(keyLength) }
  return {
    async hash(password) {
      const salt = randomBytes(16)
      return stored({ cost, salt, key: await queued(() => derive(password, salt, cost)) })
    },
    async verify(password, text) {
      const expected = text === undefined ? decoy : parseStored(text)
      const actual = await queued(() => derive(password, expected.salt, expected.cost))
      // A hash of a lower cost than the decoy's would tell who exists: it takes the decoy's time as well.
      if (workOf(expected.cost) < workOf(cost)) await queued(() => derive(password, decoy.salt, cost))
      const isRight = expected.key.length === keyLength && timingSafeEqual(actual, expected.key)
      return text !== undefined && isRight
    },
    isOutdated(text) {
      const { N, r, p } = parseStored(text).cost
      return N !== cost.N || r !== cost.r || p !== cost.p
    },
  }
}
