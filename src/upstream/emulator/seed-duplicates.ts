/** Ids that occur twice in a seed. */
import type { RegionId } from '#domain/region.ts'
import type { Problem } from './seed-copies.ts'
import { foundIn } from './seed-form.ts'
import type { SeedObject } from './seed-objects.ts'
import type { Named } from './seed-references.ts'

export interface Occurrence {
  /** What may occur once, as `us1 agents 3`. */
  readonly key: string
  readonly place: string
  readonly found: string
}

export function repeated(occurrences: readonly Occurrence[]): readonly Problem[] {
  const first = new Map<string, string>()
  return occurrences.flatMap(({ key, place, found }) => {
    const before = first.get(key)
    if (before === undefined) first.set(key, place)
    return before === undefined
      ? []
      : [
          `${place}: found ${foundIn(found)}, which is that of ${before}; allowed is one that nothing else has`,
        ]
  })
}

const occurrencesOf = (objects: readonly SeedObject[], region: RegionId): readonly Occurrence[] =>
  objects.map(({ collection, id, place }) => ({
    key: `${region} ${collection} ${id}`,
    place: `${place}.id`,
    found: id,
  }))

function repeatedObjects({ groups, catalogue, objects }: Named): readonly Problem[] {
  const regions = [...new Set(groups.map(({ region }) => region))]
  return regions.flatMap((region) => {
    // What an account group has that is there twice would be told of as well, object by object.
    const aids = new Set(groups.filter((group) => group.region === region).map(({ aid }) => aid))
    const own = [...aids].flatMap((aid) => objects.get(aid) ?? [])
    return repeated(occurrencesOf([...catalogue, ...own], region))
  })
}

function repeatedUsers({ organizations }: Named): readonly Problem[] {
  const users = organizations.flatMap(({ form, users: own }) =>
    own.map((user) => ({ ...user, region: form.region })),
  )
  const by = (key: 'uid' | 'email'): readonly Problem[] =>
    repeated(
      users.map(({ value, region, place }) => ({
        key: `${region} ${value[key].toLowerCase()}`,
        place: `${place}.${key}`,
        found: value[key],
      })),
    )
  const tokens = users.flatMap(({ value: { userApiToken }, place }) =>
    userApiToken === undefined
      ? []
      : [{ key: userApiToken, place: `${place}.userApiToken`, found: userApiToken }],
  )
  return [...by('uid'), ...by('email'), ...repeated(tokens)]
}

/** Organizations and account groups have an id of their own in the whole file; users and objects in their region. */
export const duplicateIds = (named: Named): readonly Problem[] => [
  ...repeated(
    named.organizations.map(({ form, place }) => ({ key: form.id, place: `${place}.id`, found: form.id })),
  ),
  ...repeated(named.groups.map(({ aid, place }) => ({ key: aid, place: `${place}.aid`, found: aid }))),
  ...repeatedUsers(named),
  ...repeatedObjects(named),
]
