import { scrypt, timingSafeEqual } from 'node:crypto'

/** scrypt costs (RFC 7914): 16 MiB and some 30 ms a check, so that a stolen file is slow to guess from. */
const cost = { N: 16_384, r: 8, p: 1 } as const
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

const derive = (password: string, salt: Buffer): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    // NFKC: the same password typed on another keyboard gives other code points (RFC 8265).
    scrypt(password.normalize('NFKC'), salt, keyLength, cost, (error, key) =>
      error ? reject(error) : resolve(key),
    )
  })

/** Password hashing by scrypt, at most two at a time. @param randomBytes source of salts */
export function scryptPasswords(randomBytes: (size: number) => Buffer): Passwords {
  const queued = limitedTo(atOnce)
  const decoy = randomBytes(16)
  return {
    async hash(password) {
      const salt = randomBytes(16)
      const key = await queued(() => derive(password, salt))
      return `scrypt:${salt.toString('base64url')}:${key.toString('base64url')}`
    },
    async verify(password, stored) {
      const [, salt = '', key = ''] = stored?.split(':') ?? []
      const expected = Buffer.from(key, 'base64url')
      const actual = await queued(() =>
        derive(password, stored === undefined ? decoy : Buffer.from(salt, 'base64url')),
      )
      return stored !== undefined && expected.length === keyLength && timingSafeEqual(actual, expected)
    },
  }
}
