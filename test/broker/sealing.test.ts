import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { sealContext } from '#broker/credential-records.ts'
import { localKeys } from '#broker/local-keys.ts'
import { openSealing, type Sealed } from '#broker/sealing.ts'
import { userIdOf } from '#domain/user.ts'
import { holdTokens, keyNamed, memoryStore, tokenOf, vaultOn } from './open-vault.ts'

const context = sealContext(userIdOf('us1', '7'))
const token = tokenOf(7)
const sealingBy = (...ids: [string, ...string[]]) => {
  const [newest, ...older] = ids
  return openSealing(
    localKeys([keyNamed(newest), ...older.map((id) => keyNamed(id))], randomBytes),
    randomBytes,
  )
}
const parts = ['text', 'wrapped'] as const

/** The text with one bit of one byte turned. */
function bent(text: string, at: number): string {
  const bytes = Buffer.from(text, 'base64url')
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return bytes.toString('base64url')
}

describe('a sealed token', () => {
  test('opens to what was sealed, under a key of its own each time', async () => {
    const sealing = sealingBy('a')
    const [one, other] = [await sealing.seal(context, token), await sealing.seal(context, token)]
    expect(await sealing.unseal(context, one)).toBe(token)
    expect([one.text, one.wrapped]).not.toEqual([other.text, other.wrapped])
    expect(JSON.stringify(one)).not.toContain(token)
    expect(one.keyId).toBe('a')
  })

  test.each([
    ['another user', sealContext(userIdOf('us1', '8'))],
    ['another region', sealContext(userIdOf('eu1', '7'))],
    ['another kind', context.replace('user-api-token', 'password')],
  ])('stays closed for %s', async (_, elsewhere) => {
    const sealing = sealingBy('a')
    const sealed = await sealing.seal(context, token)
    expect(await sealing.unseal(elsewhere, sealed)).toMatchObject({ kind: 'refusal' })
  })

  test.each(parts)('stays closed when any byte of its %s is changed', async (part) => {
    const sealing = sealingBy('a')
    const sealed = await sealing.seal(context, token)
    const length = Buffer.from(sealed[part], 'base64url').length
    const verdicts = new Set<string>()
    for (let at = 0; at < length; at += 1) {
      const opened = await sealing.unseal(context, { ...sealed, [part]: bent(sealed[part], at) })
      verdicts.add(typeof opened === 'string' ? 'opened' : opened.code)
    }
    expect([...verdicts]).toEqual([part === 'text' ? 'seal_broken' : 'key_wrong'])
  })

  test.each(['', 'A', 'AAAA', '%%%', '🔑'.repeat(9)])('stays closed as %j', async (text) => {
    const sealing = sealingBy('a')
    const sealed = await sealing.seal(context, token)
    for (const part of parts)
      expect(await sealing.unseal(context, { ...sealed, [part]: text })).toMatchObject({ kind: 'refusal' })
  })

  test('cannot borrow the wrapped key of another record', async () => {
    const sealing = sealingBy('a')
    const sealed = await sealing.seal(context, token)
    const other = await sealing.seal(sealContext(userIdOf('us1', '8')), tokenOf(8))
    const swapped: Sealed = { ...sealed, wrapped: other.wrapped }
    expect(await sealing.unseal(context, swapped)).toMatchObject({ code: 'key_wrong' })
  })

  test('names its key, and says whether that is missing or another one', async () => {
    const sealed = await sealingBy('a').seal(context, token)
    expect(await sealingBy('b', 'a').unseal(context, sealed)).toBe(token)
    expect(await sealingBy('b').unseal(context, sealed)).toMatchObject({ code: 'key_missing' })
    const impostor = openSealing(localKeys([keyNamed('a', 9)], randomBytes), randomBytes)
    expect(await impostor.unseal(context, sealed)).toMatchObject({ code: 'key_wrong' })
  })
})

test('a row with the sealed token of another user in it opens nothing', async () => {
  const vault = vaultOn(await memoryStore(), [keyNamed('a')])
  await holdTokens(vault, 2)
  const [one, other] = await vault.records.page('', 2)
  if (!one || !other) throw new Error('two records are there')
  const swapped = { ...one.record, token: other.record.token }
  await vault.store.commit([vault.records.replacement(one, swapped)])
  const found = await vault.records.find(one.userId)
  if (!found) throw new Error('the record is there')
  expect(await vault.sealing.unseal(sealContext(one.userId), found.record.token)).toMatchObject({
    kind: 'refusal',
  })
})
