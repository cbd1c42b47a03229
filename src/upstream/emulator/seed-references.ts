/** What the form of a seed cannot say: ids that occur twice, and names of what is not there. */
import { isJsonObject, type Json } from './json.ts'
import { seedCollections } from './seed-collections.ts'
import type { Placed, Problem } from './seed-copies.ts'
import { duplicateIds } from './seed-duplicates.ts'
import { foundIn, type UserForm } from './seed-form.ts'
import type { Group, SeedObject } from './seed-objects.ts'
import type { Organization } from './seed-organizations.ts'

/** Everything of a seed that may name something, or be named. */
export interface Named {
  readonly organizations: readonly Organization[]
  readonly groups: readonly Group[]
  readonly catalogue: readonly SeedObject[]
  /** By account group. */
  readonly objects: ReadonlyMap<string, readonly SeedObject[]>
  /** The names of the roles that users may have. */
  readonly roles: readonly string[]
}

const mostNamed = 8

/** `a, b, c`, or with many of them the first and how many more. */
const inShort = (values: readonly string[]): string =>
  values.length <= mostNamed
    ? values.join(', ') || 'none'
    : `${values.slice(0, mostNamed).join(', ')} and ${values.length - mostNamed} more`

function strayGroups({ groups }: Named, asked: readonly string[]): readonly Problem[] {
  const aids = groups.map(({ aid }) => aid)
  return asked
    .filter((aid) => !aids.includes(aid))
    .map(
      (aid) =>
        `objects.${aid}: found an account group that no organization has; allowed are ${inShort(aids)}`,
    )
}

/** @param own the account groups of the organization */
function strayGroupsOf({ place, value }: Placed<UserForm>, own: readonly string[]): readonly Problem[] {
  const { loginAccountGroup: login, roles } = value
  const reached = 'all' in roles ? own : Object.keys(roles)
  const strays = Object.keys(roles).filter((aid) => aid !== 'all' && !own.includes(aid))
  return [
    ...strays.map(
      (aid) =>
        `${place}.roles.${aid}: found account group ${aid}; allowed are all and ${inShort(own)}, those of the organization`,
    ),
    ...(reached.includes(login)
      ? []
      : [
          `${place}.loginAccountGroup: found ${login}; allowed are those in which the user has a role: ${inShort(reached)}`,
        ]),
  ]
}

const strayRoles = ({ place, value }: Placed<UserForm>, known: readonly string[]): readonly Problem[] =>
  Object.entries(value.roles).flatMap(([aid, names]) =>
    names
      .filter((name) => !known.includes(name))
      .map((name) => `${place}.roles.${aid}: found ${foundIn(name)}; allowed are ${known.join(', ')}`),
  )

const strayUsers = ({ organizations, roles }: Named): readonly Problem[] =>
  organizations.flatMap(({ groups, users }) => {
    const own = groups.map(({ value: { aid } }) => aid)
    return users.flatMap((user) => [...strayGroupsOf(user, own), ...strayRoles(user, roles)])
  })

/** Collections that are none, once for each place in the file. */
function strayCollections({ catalogue, objects }: Named): readonly Problem[] {
  const known = Object.keys(seedCollections)
  const strays = [catalogue, ...objects.values()]
    .flat()
    .filter(({ collection }) => !known.includes(collection))
    .map(({ place, collection }) =>
      place.slice(0, place.lastIndexOf(`.${collection}.`) + collection.length + 1),
    )
  return [...new Set(strays)].map(
    (place) => `${place}: found an unknown collection; allowed are ${known.join(', ')}`,
  )
}

/** The values at the path, each with where it stands. */
function valuesAt(value: Json | undefined, path: readonly string[], place: string): readonly Placed<Json>[] {
  const [step, ...rest] = path
  if (value === undefined) return []
  if (step === undefined) return [{ place, value }]
  if (step !== '*') return isJsonObject(value) ? valuesAt(value[step], rest, `${place}.${step}`) : []
  return Array.isArray(value)
    ? (value as readonly Json[]).flatMap((inner, index) => valuesAt(inner, rest, `${place}.${index}`))
    : []
}

/** Seeds may call a collection as what objects inherit, which is none either. */
const referencesOf = (collection: string) =>
  (Object.hasOwn(seedCollections, collection) ? seedCollections[collection] : undefined) ?? []

type IdsOf = (collection: string) => ReadonlySet<string>

/** Agents that other account groups of the organization have given to this one. */
const givenTo = (aid: string, neighbours: readonly Group[], { objects }: Named): readonly SeedObject[] =>
  neighbours
    .flatMap((neighbour) => objects.get(neighbour.aid) ?? [])
    .filter(({ fields: { accountGroups } }) => Array.isArray(accountGroups) && accountGroups.includes(aid))

/** What an account group's objects may name: its own, the catalogue's, agents given to it, groups of its organization. */
function nameable({ aid, organizationId }: Group, named: Named): IdsOf {
  const neighbours = named.groups.filter((one) => one.organizationId === organizationId)
  const there = [...(named.objects.get(aid) ?? []), ...named.catalogue, ...givenTo(aid, neighbours, named)]
  const known = new Map([['account-groups', new Set(neighbours.map((one) => one.aid))]])
  for (const { collection, id } of there) {
    const ids = known.get(collection) ?? new Set<string>()
    known.set(collection, ids.add(id))
  }
  return (collection) => known.get(collection) ?? new Set()
}

function strayObjects(named: Named): readonly Problem[] {
  return named.groups.flatMap((group) => {
    const idsOf = nameable(group, named)
    return (named.objects.get(group.aid) ?? []).flatMap(({ collection, fields, place }) =>
      referencesOf(collection).flatMap(([path, target]) =>
        valuesAt(fields, path.split('.'), place)
          .filter(({ value }) => typeof value !== 'string' || !idsOf(target).has(value))
          .map(
            (stray) =>
              `${stray.place}: found ${foundIn(stray.value)}; allowed are ids of ${target} that account group ${group.aid} has: ${inShort([...idsOf(target)])}`,
          ),
      ),
    )
  })
}

/** @param asked the account groups that the file gives objects */
export const strayReferences = (named: Named, asked: readonly string[]): readonly Problem[] => [
  ...duplicateIds(named),
  ...strayGroups(named, asked),
  ...strayUsers(named),
  ...strayCollections(named),
  ...strayObjects(named),
]
