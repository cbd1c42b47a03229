import { describe, expect, test } from 'vitest'
import { passwordProblem } from '#domain/password-rules.ts'
import { normalizedEmail } from '#domain/user.ts'

const email = 'ada@acme.example'

describe('password rules, thousandeyes-facts 4', () => {
  test.each([
    ['lower case, symbol, digit', 'panoptes-us1'],
    ['upper, lower case and digit', 'Abcdefg1'],
    ['upper, lower case and symbol', 'Correct horse'],
    ['other scripts', 'пароль-Ж-1'],
    ['letters without cases as symbols', '管理者abc12345'],
    ['digits of other scripts', 'abcdefg-\u0661'],
    ['256 characters', `Ab1${'x'.repeat(253)}`],
    ['characters beyond the basic plane counted as one', `Ab1${'😀'.repeat(253)}`],
  ])('take %s', (_, password) => {
    expect(passwordProblem(password, email)).toBeUndefined()
  })

  test.each([
    ['', 'The password has 0 characters; it needs at least 8.'],
    ['Ab1-567', 'The password has 7 characters; it needs at least 8.'],
    ['😀Ab1234', 'The password has 7 characters; it needs at least 8.'],
    [`Ab1${'x'.repeat(254)}`, 'The password has 257 characters; it may have at most 256.'],
    ['abcdefgh', 'add 2 of: a digit, a symbol or an upper-case letter.'],
    ['12345678', 'add 2 of: a symbol, an upper-case letter or a lower-case letter.'],
    ['abcdefg1', 'add a symbol or an upper-case letter.'],
    ['ABCDEFG!', 'add a digit or a lower-case letter.'],
    ['ADA1@Acme.Example', 'The password is the email address', 'ada1@acme.example'],
  ])('say of %s what it lacks', (password, words, address = email) => {
    expect(passwordProblem(password, address)).toContain(words)
  })

  test('judge the form that is hashed, whatever the keyboard gave', () => {
    expect(passwordProblem('ＡＢＣＤＥＦＧ１', email)).toContain('add a symbol or a lower-case letter')
  })
})

describe('one form for the spellings of an e-mail address', () => {
  test.each([
    ['ADA+Panoptes@Acme.Example ', 'ada+panoptes@acme.example'],
    ['jo\u0308rg@acme.example', 'jörg@acme.example'],
    ['JÖRG@ACME.EXAMPLE', 'jörg@acme.example'],
    ['eva@B\u00dcCHER.example', 'eva@xn--bcher-kva.example'],
    ['eva@bu\u0308cher.example', 'eva@xn--bcher-kva.example'],
    ['eva@xn--bcher-kva.example', 'eva@xn--bcher-kva.example'],
    ['"a@b"@acme.example', '"a@b"@acme.example'],
    ['no address', 'no address'],
    ['a@', 'a@'],
    ['a@b/../c?d#e:f@g', 'a@b/../c?d#e:f@g'],
  ])('%j is %j', (spelling, form) => {
    expect(normalizedEmail(spelling)).toBe(form)
    expect(normalizedEmail(form)).toBe(form)
  })
})
