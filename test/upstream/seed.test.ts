import { describe, expect, test } from 'vitest'
import { parseSeed } from '#upstream/emulator/seed.ts'
import { defaultSeed } from './emulator-calls.ts'

describe('the default seed', () => {
  test('has the users of the design, two of them with the same e-mail in different regions', () => {
    expect(
      defaultSeed.users.map(({ region, email, password, organizationName }) => [
        email,
        region,
        password,
        organizationName,
      ]),
    ).toEqual([
      ['admin@acme.example', 'us1', 'panoptes-us1', 'Acme Networks'],
      ['ops@acme.example', 'us1', 'panoptes-us1', 'Acme Networks'],
      ['viewer@acme.example', 'us1', 'panoptes-us1', 'Acme Networks'],
      ['anyone@sso.example', 'us1', undefined, 'Acme Networks'],
      ['admin@globex.example', 'us2', 'panoptes-us2', 'Globex'],
      ['admin@initech.example', 'eu1', 'panoptes-eu1', 'Initech Europe'],
      ['admin@acme.example', 'eu1', 'panoptes-eu1', 'Initech Europe'],
    ])
  })

  test('gives the token of the documented example to the first administrator alone', () => {
    expect(
      defaultSeed.users.flatMap(({ uid, userApiToken }) => (userApiToken ? [[uid, userApiToken]] : [])),
    ).toEqual([['1001', 'f537f4ac-2921-3199-bbab-d5a43f1c2b60']])
  })

  test('has the names that official clients look up', () => {
    const names = JSON.stringify(defaultSeed)
    for (const name of [
      'Frankfurt, Germany',
      'Amsterdam, Netherlands',
      'Default HTTP Alert Rule 2.0',
      'Default Call Setup Alert Rule 2.0',
      'Default BGP Alert Rule',
      'API Team TF Providers',
    ])
      expect(names).toContain(`"${name}"`)
  })
})

describe('parseSeed', () => {
  const organization = (more: string): string => `
organizations:
  - id: '1'
    name: One
    region: us1
    accountGroups: [{ aid: '11', name: Eleven }]
    users:
      - { uid: '5', email: a@b.example, name: A, loginAccountGroup: '11', roles: { all: [Regular User] } ${more} }
`

  test('names the key, what was found and what is allowed', () => {
    const text = organization('').replace('us1', 'mars')
    expect(() => parseSeed(text, 'mine')).toThrow(
      /^the seed mine is invalid: organizations\.0\.region: found "mars"; .*"us1"\|"us2"\|"eu1"$/,
    )
  })

  test('refuses keys that it does not know', () => {
    expect(() => parseSeed(organization(', pasword: x'), 'mine')).toThrow(
      /organizations\.0\.users\.0.*pasword/s,
    )
  })

  test('refuses objects of an account group that no organization has', () => {
    expect(() => parseSeed(`${organization('')}objects: { '99': {} }`, 'mine')).toThrow(
      'objects.99: found an account group that no organization has; allowed: 11',
    )
  })

  test('refuses a user in an account group of another organization', () => {
    const text = organization('').replace("loginAccountGroup: '11'", "loginAccountGroup: '12'")
    expect(() => parseSeed(text, 'mine')).toThrow('users.5: found account group 12; allowed: 11')
  })

  test('says that text is no YAML in one line', () => {
    expect(() => parseSeed('a: [', 'mine')).toThrow(/^the seed mine is no YAML: [^\n]+$/)
  })
})
