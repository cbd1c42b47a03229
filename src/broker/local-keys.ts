import { createSecretKey } from 'node:crypto'
import { chmodSync, existsSync, linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { refuse } from '#domain/refusal.ts'
import { sealWith, unsealWith, vectorSource } from '#secrets/secrets.ts'
import type { KeyEncryption } from './key-encryption.ts'

/** A key-encryption key of 32 bytes. */
export interface LocalKey {
  readonly id: string
  readonly key: Buffer
}

export type LocalKeys = readonly [newest: LocalKey, ...older: LocalKey[]]

const form = /^([\w-]{1,64}):([\w-]{43})$/
const allowed = 'allowed is ID:KEY, with an id of letters, digits, _ and -, and 32 bytes as base64url'

/** @returns one line of a key file, or of the variable that stands for one */
export const localKeyLine = ({ id, key }: LocalKey): string => `${id}:${key.toString('base64url')}`

/**
 * Keys as `ID:KEY`, newest first, apart by lines, spaces or commas; what follows a # is a comment.
 * @returns the keys, or in words what is wrong, without a word of what was found
 */
export function parseLocalKeys(text: string): LocalKeys | string {
  const words = text
    .split('\n')
    .flatMap((line) => (line.split('#', 1)[0] ?? '').split(/[\s,]+/))
    .filter((word) => word !== '')
  const keys: LocalKey[] = []
  for (const [index, word] of words.entries()) {
    const [, id = '', encoded = ''] = form.exec(word) ?? []
    const key = Buffer.from(encoded, 'base64url')
    if (key.length !== 32) return `entry ${index + 1} is no key; ${allowed}`
    if (keys.some((other) => other.id === id)) return `the id ${id} stands there twice`
    keys.push({ id, key })
  }
  const [newest, ...older] = keys
  return newest ? [newest, ...older] : `there is no key; ${allowed}`
}

/** @throws with one line for a person when the file cannot be read, others can read it, or it holds something else */
export function readLocalKeyFile(path: string): LocalKeys {
  let text: string
  try {
    if ((statSync(path).mode & 0o077) !== 0)
      throw new Error(`${path} can be read by others; allowed is mode 600 (chmod 600 ${path})`)
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && !('code' in cause)) throw cause
    throw new Error(`${path} cannot be read`, { cause })
  }
  const keys = parseLocalKeys(text)
  if (typeof keys === 'string') throw new Error(`${path}: ${keys}`)
  return keys
}

/** A fresh key under an id that no other has. */
export const newLocalKey = (randomBytes: (size: number) => Buffer): LocalKey => ({
  id: `kek-${randomBytes(6).toString('hex')}`,
  key: randomBytes(32),
})

/** Writes a key file with one fresh key, for its owner alone; one that another process wrote first stays. */
function writeFreshKeyFile(path: string, randomBytes: (size: number) => Buffer): void {
  const fresh = `${path}.${randomBytes(6).toString('hex')}`
  writeFileSync(fresh, `# Key-encryption keys, newest first\n${localKeyLine(newLocalKey(randomBytes))}\n`, {
    mode: 0o600,
  })
  chmodSync(fresh, 0o600)
  try {
    linkSync(fresh, path)
  } catch (cause) {
    if (!existsSync(path)) throw cause
  } finally {
    rmSync(fresh, { force: true })
  }
}

/** The file of whoever names none. @param data the data directory */
export const ownKeyFile = (data: string): string => join(data, 'key-encryption-keys')

/** Where key-encryption keys stand. */
export interface LocalKeyPlace {
  /** As text, which then counts alone. */
  readonly text: string | undefined
  /** A file that the configuration names, and which then has to be there: keys made for a mistyped path would soon seal tokens. */
  readonly file: string | undefined
  /** The file of whoever names nothing, made with a fresh key when it is not there. */
  readonly ownFile: string
}

/** @throws with one line for a person when the keys cannot be used */
export function openLocalKeys(place: LocalKeyPlace, randomBytes: (size: number) => Buffer): LocalKeys {
  if (place.text !== undefined) {
    const keys = parseLocalKeys(place.text)
    if (typeof keys === 'string') throw new Error(`keyEncryptionKeys: ${keys}`)
    return keys
  }
  if (place.file !== undefined) {
    if (existsSync(place.file)) return readLocalKeyFile(place.file)
    throw new Error(
      `keyEncryptionKeyFile: found no file at ${place.file}; allowed is one that is there, with lines as panoptes keys new makes them`,
    )
  }
  if (!existsSync(place.ownFile)) writeFreshKeyFile(place.ownFile, randomBytes)
  return readLocalKeyFile(place.ownFile)
}

/** Key-encryption keys in this process. @param randomBytes source of initialization vectors */
export function localKeys(keys: LocalKeys, randomBytes: (size: number) => Buffer): KeyEncryption {
  const [newest, ...older] = keys
  const byId = new Map(keys.map(({ id, key }) => [id, createSecretKey(key)]))
  const nextVector = vectorSource(randomBytes)
  const contextOf = (context: string, keyId: string): string => `${context} wrapped by ${keyId}`
  return {
    ids: [newest.id, ...older.map(({ id }) => id)],
    wrap(dataKey, context) {
      const text = dataKey.toString('base64url')
      const sealed = { context: contextOf(context, newest.id), text }
      return { keyId: newest.id, wrapped: sealWith(createSecretKey(newest.key), nextVector(), sealed) }
    },
    unwrap({ keyId, wrapped }, context) {
      const key = byId.get(keyId)
      if (!key) return refuse('key_missing', `There is no key-encryption key ${keyId}.`)
      const text = unsealWith(key, contextOf(context, keyId), wrapped)
      return text === undefined
        ? refuse(
            'key_wrong',
            `The key-encryption key ${keyId} is another one, or what it wrapped was changed.`,
          )
        : Buffer.from(text, 'base64url')
    },
  }
}
