import { scrypt, timingSafeEqual } from 'node:crypto'

/** What one scrypt costs (RFC 7914 §2): 128 * N * r bytes of memory, p times over. It stands in each hash, so it can be raised. */
export interface PasswordCost {
  readonly N: number
  readonly r: number
  readonly p: number
}

/** The emulator prints its passwords on the screen, so guessing them from a stolen file needs no slowing down: 1 MiB, some 2 ms. */
export const lightCost: PasswordCost = { N: 1_024, r: 8, p: 1 }

const keyLength = 32
/** libuv has four threads, shared with DNS and files; two may hash at once (libraries, trap 15). */
const atOnce = 2

export interface Passwords {
  /** @returns the text to store: costs, salt and key */
  hash(password: string): Promise<string>
  /** Whether the password made the stored text. With no stored text it takes as long and answers false. */
  verify(password: string, stored: string | undefined): Promise<boolean>
}

function limitedTo(limit: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let running = 0
  return async (work) => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve))
    else running += 1
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}

function derive(password: string, salt: Buffer, cost: PasswordCost): Promise<Buffer> {
  const options = { ...cost, maxmem: 256 * cost.N * cost.r }
  return new Promise((resolve, reject) => {
    // NFKC: the same password typed on another keyboard gives other code points (RFC 8265).
    scrypt(password.normalize('NFKC'), salt, keyLength, options, (error, key) =>
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

/**
 * Password hashing by scrypt, at most two at a time.
 * @param cost of new hashes, and of the decoy for users who do not exist @param randomBytes source of salts
 */
export function scryptPasswords(cost: PasswordCost, randomBytes: (size: number) => Buffer): Passwords {
  const queued = limitedTo(atOnce)
  const decoy: StoredHash = { cost, salt: randomBytes(16), key: randomBytes(keyLength) }
  return {
    async hash(password) {
      const salt = randomBytes(16)
      return stored({ cost, salt, key: await queued(() => derive(password, salt, cost)) })
    },
    async verify(password, text) {
      const expected = text === undefined ? decoy : parseStored(text)
      const actual = await queued(() => derive(password, expected.salt, expected.cost))
      const isRight = expected.key.length === keyLength && timingSafeEqual(actual, expected.key)
      return text !== undefined && isRight
    },
  }
}
