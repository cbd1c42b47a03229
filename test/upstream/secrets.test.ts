import { describe, expect, test } from 'vitest'
import { allMasked, mask, masked, unmasked } from '#upstream/emulator/secrets.ts'

describe('masked secrets', () => {
  test('are masked at any depth and nowhere else', () => {
    const given = { name: 'n', auth: { token: 't', user: 'u' }, list: [{ token: 't' }], token: 7 }
    expect(masked(given, ['token'])).toEqual({
      name: 'n',
      auth: { token: mask, user: 'u' },
      list: [{ token: mask }],
      token: 7,
    })
    expect(allMasked({ a: 'secret', b: 1 })).toEqual({ a: mask, b: 1 })
  })

  test('stay what they were when the mask comes back, by the name of a list’s element', () => {
    const stored = {
      auth: { token: 't' },
      headers: [
        { name: 'one', value: '1' },
        { name: 'two', value: '2' },
      ],
    }
    const given = {
      auth: { token: mask },
      headers: [
        { name: 'two', value: mask },
        { name: 'three', value: '3' },
      ],
    }
    expect(unmasked(given, stored)).toEqual({
      auth: { token: 't' },
      headers: [
        { name: 'two', value: '2' },
        { name: 'three', value: '3' },
      ],
    })
  })

  test('are found by their place among elements without names', () => {
    expect(unmasked([{ token: mask }, { token: mask }], [{ token: '1' }, { token: '2', name: 'x' }])).toEqual(
      [{ token: '1' }, { token: mask }],
    )
  })

  test('are found at their own place among elements of one name', () => {
    const stored = [
      { name: 'one', value: '1' },
      { name: 'one', value: '2' },
    ]
    expect(
      unmasked(
        stored.map(({ name }) => ({ name, value: mask })),
        stored,
      ),
    ).toEqual(stored)
  })

  test('stand under their keys alone, when these are told', () => {
    expect(
      unmasked({ token: mask, name: mask }, { token: 't', name: 'n' }, (key) => key === 'token'),
    ).toEqual({
      token: 't',
      name: mask,
    })
  })

  test('are the mask itself where there was none before', () => {
    expect(unmasked({ token: mask }, undefined)).toEqual({ token: mask })
    expect(unmasked({ constructor: mask }, {})).toEqual({ constructor: mask })
  })
})
