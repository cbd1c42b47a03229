import { load } from 'js-yaml'
import { z } from 'zod'
import { type RegionId, regionIds } from '#domain/region.ts'
import type { NewUser } from '#identity/directory.ts'
import type { JsonObject } from './json.ts'

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

/** Objects by collection, each with an `id` and the fields as the state keeps them. */
export type SeedObjects = Readonly<Record<string, readonly SeedObject[]>>
export type SeedObject = JsonObject & { readonly id: string }

export interface Seed {
  readonly name: string
  readonly accountGroups: readonly SeedAccountGroup[]
  readonly users: readonly SeedUser[]
  /** In every region, for every organization: cloud agents, monitors. */
  readonly catalogue: SeedObjects
  /** In every account group; the id of each object is put behind the account group's. */
  readonly everyAccountGroup: SeedObjects
  /** By account group. */
  readonly objects: Readonly<Record<string, SeedObjects>>
}

const digits = z.string().regex(/^\d{1,18}$/)
const objects = z.record(z.string(), z.array(z.looseObject({ id: z.string() })))

const seedFile = z.strictObject({
  organizations: z.array(
    z.strictObject({
      id: digits,
      name: z.string(),
      region: z.enum(regionIds),
      accountGroups: z.array(
        z.strictObject({ aid: digits, name: z.string(), default: z.boolean().default(false) }),
      ),
      users: z.array(
        z.strictObject({
          uid: digits,
          email: z.email(),
          name: z.string(),
          password: z.string().min(1).optional(),
          userApiToken: z.string().min(1).optional(),
          loginAccountGroup: digits,
          roles: z.record(z.string(), z.array(z.string()).min(1)),
        }),
      ),
    }),
  ),
  catalogue: objects.default({}),
  everyAccountGroup: objects.default({}),
  objects: z.record(digits, objects).default({}),
})

type SeedFile = z.infer<typeof seedFile>

/** One line for whoever starts it: the first problem, and how many more there are. */
function complaint(name: string, [first, ...more]: readonly string[]): string {
  const rest = more.length === 0 ? '' : ` (and ${more.length} more)`
  return `the seed ${name} is invalid: ${first}${rest}`
}

/** Where, what was found, what is allowed. */
function problemsOf(found: unknown, issues: readonly z.core.$ZodIssue[]): readonly string[] {
  return issues.map(({ path, message }) => {
    const value = path.reduce<unknown>(
      (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
      found,
    )
    return `${path.join('.') || '(file)'}: found ${JSON.stringify(value) ?? 'nothing'}; ${message}`
  })
}

/** What zod cannot see: references from one part of the file to another. */
function strayReferences(file: SeedFile): readonly string[] {
  const aids = file.organizations.flatMap(({ accountGroups }) => accountGroups.map(({ aid }) => aid))
  const strayObjects = Object.keys(file.objects)
    .filter((aid) => !aids.includes(aid))
    .map(
      (aid) => `objects.${aid}: found an account group that no organization has; allowed: ${aids.join(', ')}`,
    )
  const strayUsers = file.organizations.flatMap((organization) => {
    const own = organization.accountGroups.map(({ aid }) => aid)
    return organization.users.flatMap(({ uid, loginAccountGroup, roles }) =>
      [loginAccountGroup, ...Object.keys(roles).filter((key) => key !== 'all')]
        .filter((aid) => !own.includes(aid))
        .map((aid) => `users.${uid}: found account group ${aid}; allowed: ${own.join(', ')}`),
    )
  })
  return [...strayObjects, ...strayUsers]
}

/**
 * Reads a seed: who and what exists in a store that never held v7 objects.
 * @param text YAML, @param name for the message
 * @throws with one line for every key that is wrong: the key, what was found, what is allowed
 */
export function parseSeed(text: string, name: string): Seed {
  let found: unknown
  try {
    found = load(text)
  } catch (cause) {
    throw new Error(`the seed ${name} is no YAML: ${(cause as Error).message.split('\n', 1)[0]}`, { cause })
  }
  const result = seedFile.safeParse(found, { jitless: true })
  if (!result.success) throw new Error(complaint(name, problemsOf(found, result.error.issues)))
  const file = result.data
  const strays = strayReferences(file)
  if (strays.length > 0) throw new Error(complaint(name, strays))
  return {
    name,
    accountGroups: file.organizations.flatMap(({ id, name: organizationName, region, accountGroups }) =>
      accountGroups.map((group) => ({
        aid: group.aid,
        name: group.name,
        region,
        organizationId: id,
        organizationName,
        isDefault: group.default,
      })),
    ),
    users: file.organizations.flatMap(usersOf),
    catalogue: file.catalogue as SeedObjects,
    everyAccountGroup: file.everyAccountGroup as SeedObjects,
    objects: file.objects as Readonly<Record<string, SeedObjects>>,
  }
}

const usersOf = ({ id, name, region, users }: SeedFile['organizations'][number]): readonly SeedUser[] =>
  users.map(({ password, userApiToken, ...user }) => ({
    ...user,
    region,
    organizationId: id,
    organizationName: name,
    ...(password !== undefined && { password }),
    ...(userApiToken !== undefined && { userApiToken }),
  }))
