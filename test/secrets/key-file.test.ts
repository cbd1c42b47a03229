import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { loadKeyMaterial } from '#secrets/key-file.ts'

function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'panoptes-keys-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

describe('keys.json in the data directory', () => {
  test('is made at the first start, for its owner alone, and read from then on', async () => {
    const folder = freshFolder()
    const made = await loadKeyMaterial(folder, randomBytes)
    expect(readdirSync(folder)).toEqual(['keys.json'])
    expect(statSync(join(folder, 'keys.json')).mode & 0o777).toBe(0o600)
    expect(await loadKeyMaterial(folder, randomBytes)).toEqual(made)
  })

  test('is the same for all who make it at the same time', async () => {
    const folder = freshFolder()
    const made = await Promise.all(Array.from({ length: 8 }, () => loadKeyMaterial(folder, randomBytes)))
    expect(new Set(made.map((material) => JSON.stringify(material))).size).toBe(1)
    expect(readdirSync(folder)).toEqual(['keys.json'])
  })

  test('holds a key of its own for each purpose', async () => {
    const { hash, mac, seal, cookies } = await loadKeyMaterial(freshFolder(), randomBytes)
    const keys = [hash, mac, seal, ...cookies]
    expect(new Set(keys).size).toBe(4)
    expect(keys.every((key) => Buffer.from(key, 'base64url').length === 32)).toBe(true)
  })

  test.each([0o640, 0o604, 0o660])('is refused while others can read or write it (mode %o)', async (mode) => {
    const folder = freshFolder()
    await loadKeyMaterial(folder, randomBytes)
    chmodSync(join(folder, 'keys.json'), mode)
    await expect(loadKeyMaterial(folder, randomBytes)).rejects.toThrow(
      /can be read by others; allowed is mode 600/,
    )
  })

  test.each(['', '{', 'null', '{"schema":1}', '{"schema":2}'])(
    'is refused in one line that names it when it holds %j, and is left as it is',
    async (content) => {
      const path = join(freshFolder(), 'keys.json')
      writeFileSync(path, content, { mode: 0o600 })
      const refused = loadKeyMaterial(join(path, '..'), randomBytes)
      await expect(refused).rejects.toThrow(path)
      await expect(refused).rejects.not.toThrow(/\n/)
      expect(statSync(path).size).toBe(content.length)
    },
  )
})
