import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  apiTokenValue,
  grantTagOf,
  refreshTokenParts,
  refreshTokenValue,
  tagOfApiToken,
  tagOfToken,
  tokenValue,
} from '#grants/token-values.ts'
import { newKeyMaterial } from '#secrets/key-file.ts'
import { type Secrets, secretsFrom } from '#secrets/secrets.ts'
import { linesOf } from '../authorization-server/attacks.ts'
import { seededRandom } from '../authorization-server/seeded-random.ts'

let secrets: Secrets
let strangers: Secrets

beforeAll(async () => {
  secrets = secretsFrom(await newKeyMaterial(randomBytes), randomBytes)
  strangers = secretsFrom(await newKeyMaterial(randomBytes), randomBytes)
})

const random43 = (): string => randomBytes(32).toString('base64url')

describe('access tokens and authorization codes', () => {
  test('give back the tag they were made with, and nothing for any other length', () => {
    const tag = grantTagOf('a grant')
    const value = tokenValue(tag, random43())
    expect(value).toHaveLength(60)
    expect(tagOfToken(value)).toBe(tag)
    for (const wrong of [
      value.slice(1),
      value.slice(0, -1),
      `${value}A`,
      ` ${value}`,
      `${value}\n`,
      value.replace('.', '-'),
    ])
      expect(tagOfToken(wrong)).toBeUndefined()
  })

  test('tell ten thousand grants apart', () => {
    const tags = new Set(Array.from({ length: 10_000 }, (_, index) => grantTagOf(`grant ${index}`)))
    expect(tags.size).toBe(10_000)
    for (const tag of tags) expect(tag).toMatch(/^[\w-]{16}$/)
  })
})

describe('scoped API tokens', () => {
  const tag = grantTagOf('a grant')

  test('have one length and a word in front, and give back their tag', () => {
    const value = apiTokenValue(secrets, tag, random43())
    expect(value).toMatch(/^panoptes_[\w-]{75}$/)
    expect(tagOfApiToken(secrets, value)).toBe(tag)
  })

  test('of another installation, changed in any place, or of another length are garbage', () => {
    expect(tagOfApiToken(secrets, apiTokenValue(strangers, tag, random43()))).toBeUndefined()
    const value = apiTokenValue(secrets, tag, random43())
    for (let at = 0; at < value.length; at += 1) {
      const other = value[at] === 'x' ? 'y' : 'x'
      const changed = `${value.slice(0, at)}${other}${value.slice(at + 1)}`
      expect(tagOfApiToken(secrets, changed), `changed at ${at}`).toBeUndefined()
    }
    for (const wrong of [value.slice(1), value.slice(0, -1), `${value}A`, ` ${value}`, `${value}\n`])
      expect(tagOfApiToken(secrets, wrong)).toBeUndefined()
  })

  test('are no other tokens, and no others are they', () => {
    const value = apiTokenValue(secrets, tag, random43())
    expect([tagOfToken(value), refreshTokenParts(secrets, value)]).toEqual([undefined, undefined])
    const refreshToken = refreshTokenValue(secrets, { tag, generation: 1 }, random43())
    for (const other of [tokenValue(tag, random43()), refreshToken])
      expect(tagOfApiToken(secrets, other)).toBeUndefined()
  })
})

describe('refresh tokens', () => {
  test('give back tag and generation', () => {
    for (const generation of [1, 2, 99, 999_999_999]) {
      const tag = grantTagOf(`grant ${generation}`)
      expect(refreshTokenParts(secrets, refreshTokenValue(secrets, { tag, generation }, random43()))).toEqual(
        { tag, generation },
      )
    }
  })

  test('of another installation are garbage', () => {
    const value = refreshTokenValue(strangers, { tag: grantTagOf('a grant'), generation: 1 }, random43())
    expect(refreshTokenParts(secrets, value)).toBeUndefined()
  })

  test('cannot be given another generation, tag or random part', () => {
    const value = refreshTokenValue(secrets, { tag: grantTagOf('a grant'), generation: 7 }, random43())
    const [tag, , random, mac] = value.split('.')
    for (const generation of ['6', '8', '07', '70', '7 ', '+7', '0x7', ''])
      expect(refreshTokenParts(secrets, `${tag}.${generation}.${random}.${mac}`)).toBeUndefined()
    expect(refreshTokenParts(secrets, `${grantTagOf('another')}.7.${random}.${mac}`)).toBeUndefined()
    expect(refreshTokenParts(secrets, `${tag}.7.${random43()}.${mac}`)).toBeUndefined()
  })

  test('with anything changed anywhere are garbage, in ten thousand seeded attempts', () => {
    const below = seededRandom(20_261_122)
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~ \n\0é'
    const letter = (): string => alphabet[below(alphabet.length)] ?? 'A'
    for (let attempt = 0; attempt < 10_000; attempt += 1) {
      const value = refreshTokenValue(
        secrets,
        { tag: grantTagOf(`grant ${attempt % 50}`), generation: 1 + below(1000) },
        random43(),
      )
      const at = below(value.length)
      const changed = [
        `${value.slice(0, at)}${letter()}${value.slice(at + 1)}`,
        `${value.slice(0, at)}${value.slice(at + 1)}`,
        `${value.slice(0, at)}${letter()}${value.slice(at)}`,
      ][below(3)]
      if (changed !== value)
        expect(refreshTokenParts(secrets, changed ?? ''), JSON.stringify(changed)).toBeUndefined()
    }
  })

  test.each(linesOf('oauth-tokens.txt'))('are never made up: %j', (line) => {
    expect(refreshTokenParts(secrets, line.replace('TAG', grantTagOf('a grant')))).toBeUndefined()
  })
})
