import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { localKeyLine, openLocalKeys, parseLocalKeys, readLocalKeyFile } from '#broker/local-keys.ts'
import { keyNamed } from './open-vault.ts'

const [a, b] = [localKeyLine(keyNamed('a')), localKeyLine(keyNamed('b'))]

function fileWith(text: string, mode: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'panoptes-keys-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'keys')
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

describe('key-encryption keys by id', () => {
  test.each([
    ['lines', `${a}\n${b}\n`],
    ['a variable', `${a},${b}`],
    ['comments', `# newest first\n  ${a} # made in May\r\n\n${b}`],
  ])('are read from %s, newest first', (_, text) => {
    expect(parseLocalKeys(text)).toEqual([keyNamed('a'), keyNamed('b')])
  })

  test.each([
    ['nothing', ' # no key \n'],
    ['a key without an id', a.slice(1)],
    ['a key that is too short', a.slice(0, -1)],
    ['a key that is too long', `${a}A`],
    ['a key in another alphabet', a.replace(/.$/, '+')],
    ['an id twice', `${a} ${localKeyLine(keyNamed('a', 5))}`],
    ['an id with a space in it', `a b${a}`],
  ])('are refused for %s, in words without any of it', (_, text) => {
    const said = parseLocalKeys(text)
    expect(said).toEqual(expect.any(String))
    expect(said).not.toContain(a.slice(3, 20))
  })

  test('are read from a file of their owner alone', () => {
    expect(readLocalKeyFile(fileWith(a, 0o600))).toEqual([keyNamed('a')])
    expect(() => readLocalKeyFile(fileWith(a, 0o640))).toThrow(/can be read by others; allowed is mode 600/)
    expect(() => readLocalKeyFile(fileWith('junk', 0o600))).toThrow(/entry 1 is no key/)
    expect(() => readLocalKeyFile('/nowhere/keys')).toThrow('/nowhere/keys cannot be read')
  })

  test('are made where the configuration names no file, and never where it names one that is not there', () => {
    const named = fileWith(a, 0o600)
    const ownFile = join(dirname(named), 'own')
    expect(openLocalKeys({ text: undefined, file: named, ownFile }, randomBytes)).toEqual([keyNamed('a')])
    const mistyped = `${named}x`
    expect(() => openLocalKeys({ text: undefined, file: mistyped, ownFile }, randomBytes)).toThrow(
      `found no file at ${mistyped}; allowed is one that is there`,
    )
    expect([existsSync(mistyped), existsSync(ownFile)]).toEqual([false, false])
    const made = openLocalKeys({ text: undefined, file: undefined, ownFile }, randomBytes)
    expect(openLocalKeys({ text: undefined, file: undefined, ownFile }, randomBytes)).toEqual(made)
  })
})
