/**
 * Seed: who and what exists in a store that never held v7 objects, read from a YAML file that users may write (docs/seeds.md).
 * The form of the file is seed-form.ts, copies are seed-copies.ts, references seed-references.ts.
 */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RegionId } from '#domain/region.ts'
import type { NewUser } from '#identity/directory.ts'
import { configFolder } from '#upstream/operation-rows.ts'
import { InvalidSeed } from './invalid-seed.ts'
import { loadModel, type Model } from './model.ts'
import { loadPermissions, type Permissions } from './permissions.ts'
import type { Problem } from './seed-copies.ts'
import { wrongFields } from './seed-fields.ts'
import { type ReadBase, readSeedText } from './seed-layers.ts'
import { catalogueOf, type Group, groupObjects, type SeedObject } from './seed-objects.ts'
import { type Organization, organizationsIn } from './seed-organizations.ts'
import { strayReferences } from './seed-references.ts'
import { brokenRules } from './seed-rules.ts'

export { InvalidSeed }

/** A user that exists before anybody signs in. The composition enrols these in the directory. */
export interface SeedUser extends NewUser {
  readonly userApiToken?: string
  readonly loginAccountGroup: string
  /** Names of built-in roles by account group id; `all` stands for every account group of the organization. */
  readonly roles: Readonly<Record<string, readonly string[]>>
}

export interface SeedAccountGroup {
  readonly aid: string
  readonly name: string
  readonly region: RegionId
  readonly organizationId: string
  readonly organizationName: string
  readonly isDefault: boolean
}

/** What an organization may or may not, beside what its users may. */
export interface SeedOrganization {
  readonly id: string
  readonly region: RegionId
  readonly publicSnapshots: boolean
}

export interface Seed {
  readonly name: string
  readonly organizations: readonly SeedOrganization[]
  readonly accountGroups: readonly SeedAccountGroup[]
  readonly users: readonly SeedUser[]
  /** In every region, for every organization: cloud agents, monitors. */
  readonly catalogue: readonly SeedObject[]
  /** By account group. */
  readonly objects: ReadonlyMap<string, readonly SeedObject[]>
}

const groupsOf = ({ form, groups }: Organization): readonly Group[] =>
  groups.map(({ place, value: { aid } }, index) => ({
    aid,
    organizationId: form.id,
    region: form.region,
    number: index + 1,
    place,
  }))

const accountGroupsOf = ({ form, groups }: Organization): readonly SeedAccountGroup[] =>
  groups.map(({ value }) => ({
    aid: value.aid,
    name: value.name,
    region: form.region,
    organizationId: form.id,
    organizationName: form.name,
    isDefault: value.default,
  }))

const usersOf = ({ form: { id, name, region }, users }: Organization): readonly SeedUser[] =>
  users.map(({ value: { password, userApiToken, ...user } }) => ({
    ...user,
    region,
    organizationId: id,
    organizationName: name,
    ...(password !== undefined && { password }),
    ...(userApiToken !== undefined && { userApiToken }),
  }))

/** What a seed is read with beside its text. */
export interface SeedSources {
  /** The names of the roles that users may have: the built-in ones. */
  readonly roles: readonly string[]
  readonly readBase: ReadBase
  /** What fields of objects are held to; they are not looked at without it. */
  readonly model?: Model | undefined
}

/**
 * Reads a seed.
 * @param text YAML, @param name for the message
 * @throws InvalidSeed with everything that is wrong: each time the key, what was found and what is allowed
 */
export function parseSeed(text: string, name: string, { roles, readBase, model }: SeedSources): Seed {
  const file = readSeedText(text, name, readBase)
  const problems: Problem[] = []
  const lists = file.layers.at(-1)?.lists ?? {}
  const organizations = organizationsIn(file.organizations, lists, problems)
  const catalogue = catalogueOf(file.layers, problems)
  const groups = organizations.flatMap(groupsOf)
  const objects = new Map(
    groups.map((group) => {
      const own = file.objects[group.aid] ?? {}
      return [group.aid, groupObjects(group, { layers: file.layers, own }, problems)]
    }),
  )
  const named = { organizations, groups, catalogue, objects, roles }
  problems.push(...strayReferences(named, Object.keys(file.objects)))
  if (model)
    problems.push(
      ...wrongFields(model, [...catalogue, ...[...objects.values()].flat()]),
      ...brokenRules(named),
    )
  if (problems.length > 0) throw new InvalidSeed(name, problems)
  return {
    name,
    organizations: organizations.map(({ form: { id, region, publicSnapshots } }) => ({
      id,
      region,
      publicSnapshots,
    })),
    accountGroups: organizations.flatMap(accountGroupsOf),
    users: organizations.flatMap(usersOf),
    catalogue,
    objects,
  }
}

/** Where a name of a seed leads. @param folder from which paths go */
export const seedFile = (name: string, folder: string): string =>
  /[/\\]|\.ya?ml$/.test(name)
    ? resolve(folder, name)
    : fileURLToPath(new URL(`seeds/${name}.yaml`, configFolder))

/** Whether it is one of the seeds that come with the program, whose fields its tests hold to the document. */
const comesWithUs = (path: string): boolean => dirname(path) === fileURLToPath(new URL('seeds', configFolder))

/** What the official document and the roles say. */
export type SeedFacts = { readonly permissions: Permissions; readonly model: Model }

/** Reads the seed in a file. @throws as parseSeed, and when the file cannot be read */
export async function readSeed(path: string, facts?: SeedFacts): Promise<Seed> {
  const { builtInRoles } = facts?.permissions ?? (await loadPermissions())
  const model = facts?.model ?? (await loadModel())
  return parseSeed(readFileSync(path, 'utf8'), path, {
    roles: builtInRoles.map(({ name }) => name),
    readBase: (name) => readFileSync(seedFile(name, dirname(path)), 'utf8'),
    // A start with one of ours does not read the schemas before a call needs them.
    model: facts && comesWithUs(path) ? undefined : model,
  })
}
