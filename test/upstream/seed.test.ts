import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readSeed } from '#upstream/emulator/seed.ts'
import { defaultSeed } from './emulator-calls.ts'

const objectsOf = (seed: typeof defaultSeed): readonly (typeof seed.catalogue)[number][] => [
  ...seed.catalogue,
  ...[...seed.objects.values()].flat(),
]

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
})

describe.each(readdirSync('config/seeds'))('config/seeds/%s', (file) => {
  test('has the names that official clients look up', async () => {
    const seed = await readSeed(`config/seeds/${file}`)
    const texts = new Set([
      ...seed.accountGroups.map(({ name }) => name),
      ...objectsOf(seed).flatMap(({ fields }) => [fields['agentName'], fields['ruleName']]),
    ])
    for (const name of [
      'Frankfurt, Germany',
      'Amsterdam, Netherlands',
      'Default HTTP Alert Rule 2.0',
      'Default Call Setup Alert Rule 2.0',
      'Default BGP Alert Rule',
      'API Team TF Providers',
    ])
      expect(texts).toContain(name)
  })
})

describe('the large seed', async () => {
  const seed = await readSeed('config/seeds/large.yaml')
  const count = (collection: string): number =>
    objectsOf(seed).filter((object) => object.collection === collection).length

  test('has 20 account groups, 200 agents and 2,000 tests, in one organization', () => {
    expect(new Set(seed.accountGroups.map(({ organizationId }) => organizationId)).size).toBe(1)
    expect([seed.accountGroups.length, count('agents'), count('tests')]).toEqual([20, 200, 2_000])
  })

  test('has users, alert rules, tags and endpoint agents to page through', () => {
    expect(seed.users).toHaveLength(203)
    expect([count('alert-rules'), count('tags'), count('endpoint-agents')]).toEqual([300, 100, 500])
  })

  test('says the same each time it is read', async () => {
    expect(await readSeed('config/seeds/large.yaml')).toEqual(seed)
  })

  test('gives the tests of an account group names of their own', () => {
    for (const objects of seed.objects.values()) {
      const names = objects.flatMap(({ collection, fields }) =>
        collection === 'tests' ? [fields['testName']] : [],
      )
      expect(new Set(names).size).toBe(100)
    }
  })
})
