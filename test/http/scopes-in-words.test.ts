import { describe, expect, test } from 'vitest'
import { folded } from '#http/folded.ts'
import { scopesInWords } from '#http/scopes-in-words.ts'

describe('scopes in words', () => {
  const named = (...names: string[]) => names.map((name) => ({ name, meaning: `Means ${name}` }))

  test('what changes things stands first, each kind in the order in which it was asked for', () => {
    const scopes = named('openid', 'tests:read', 'templates:deploy', 'tests:manage', 'alerts:read', 'email')
    expect(scopesInWords(scopes)).toEqual([
      { title: 'See and change', scopes: named('templates:deploy', 'tests:manage') },
      { title: 'See only', scopes: named('tests:read', 'alerts:read') },
      { title: 'You and this connection', scopes: named('openid', 'email') },
    ])
  })

  test('a kind without scopes has no heading', () => {
    expect(scopesInWords(named('tests:read')).map(({ title }) => title)).toEqual(['See only'])
  })

  test('no scope is left out, whatever its name', () => {
    const scopes = named('a', 'a:b', 'a:read', ':', ':read', 'a:b:read', 'a:b:c')
    expect(scopesInWords(scopes).flatMap((group) => group.scopes)).toHaveLength(scopes.length)
  })
})

describe('folded lists', () => {
  const list = (length: number): readonly number[] => Array.from({ length }, (_, index) => index)

  test.each([0, 1, 6, 7, 8])('%i items of which 6 are to be shown are all shown', (length) => {
    expect(folded(list(length), 6)).toEqual({ shown: list(length), further: [] })
  })

  test('from the ninth on the rest is folded away, and nothing is lost', () => {
    expect(folded(list(9), 6)).toEqual({ shown: [0, 1, 2, 3, 4, 5], further: [6, 7, 8] })
  })
})
