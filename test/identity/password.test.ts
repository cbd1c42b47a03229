import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { passwordCosts, scryptPasswords } from '#identity/password.ts'

const passwords = scryptPasswords(passwordCosts.light, randomBytes)

describe('password hashes, RFC 7914', () => {
  test('know their password and no other', async () => {
    const stored = await passwords.hash('correct horse')
    expect(await passwords.verify('correct horse', stored)).toBe(true)
    for (const wrong of ['', 'correct hors', 'correct horse ', 'Correct horse'])
      expect(await passwords.verify(wrong, stored)).toBe(false)
  })

  test('differ for the same password', async () => {
    expect(await passwords.hash('same')).not.toBe(await passwords.hash('same'))
  })

  test('say what they cost, so that another cost still reads them', async () => {
    const stored = await scryptPasswords({ N: 2_048, r: 8, p: 1 }, randomBytes).hash('correct horse')
    expect(stored).toMatch(/^scrypt:2048:8:1:[\w-]{22}:[\w-]{43}$/)
    expect(await passwords.verify('correct horse', stored)).toBe(true)
  })

  test('that are missing are never right', async () => {
    expect(await passwords.verify('', undefined)).toBe(false)
    expect(await passwords.verify('anything', undefined)).toBe(false)
  })

  test('are never right when they were damaged at rest', async () => {
    const stored = await passwords.hash('correct horse')
    for (const damaged of [`${stored.slice(0, -4)}AAAA`, stored.replace(/:[\w-]{43}$/, ':')])
      expect(await passwords.verify('correct horse', damaged).catch(() => false)).toBe(false)
  })

  test('are worked out two at a time, in the order of asking, and a failure stops nobody', async () => {
    const order: number[] = []
    const asked = Array.from({ length: 8 }, async (_, index) => {
      await passwords
        .verify(`password ${index}`, index === 3 ? 'scrypt:3:8:1:AAAA:AAAA' : undefined)
        .catch(() => false)
      order.push(index)
    })
    await Promise.all(asked)
    expect(order).toHaveLength(8)
    expect(order.indexOf(7)).toBeGreaterThan(order.indexOf(0))
  })

  test('say when they were made at another cost than new ones', async () => {
    const strong = scryptPasswords(passwordCosts.strong, randomBytes)
    const stored = await passwords.hash('correct horse')
    expect([passwords.isOutdated(stored), strong.isOutdated(stored)]).toEqual([false, true])
  })

  test('are refused to whoever asks when 256 wait already', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 270 }, () => passwords.verify('anything', undefined)),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(258)
    expect(outcomes.at(-1)).toMatchObject({
      reason: expect.objectContaining({ message: '256 wait already for their turn' }),
    })
    expect(await passwords.verify('anything', undefined)).toBe(false)
  })
})
