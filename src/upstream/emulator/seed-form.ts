/** The form of a seed file, part by part: entries are checked after their copies are made, each with its own place. */
import { z } from 'zod'
import { type RegionId, regionIds } from '#domain/region.ts'
import { isJsonObject, type Json, type JsonObject } from './json.ts'
import type { Placed, Problem } from './seed-copies.ts'

const text = z.string('allowed is text').min(1, 'allowed is text')
const digits = z
  .string('allowed are 1 to 18 digits in quotes')
  .regex(/^\d{1,18}$/, 'allowed are 1 to 18 digits in quotes')
const list = z.array(z.unknown(), 'allowed is a list')
const named = <T extends z.ZodType>(values: T, words: string) => z.record(z.string(), values, words)
const collections = named(list, 'allowed are lists of objects by collection')

const wholeForm = z.strictObject(
  {
    base: text.optional(),
    lists: named(list.min(1, 'allowed is at least one value'), 'allowed are lists by name').default({}),
    organizations: list.default([]),
    catalogue: collections.default({}),
    everyAccountGroup: collections.default({}),
    objects: named(collections, 'allowed are collections by account group').default({}),
  },
  'allowed are the keys of a seed',
)

const organizationForm = z.strictObject(
  {
    id: digits,
    name: text,
    region: z.enum(regionIds, `allowed are ${regionIds.join(', ')}`),
    publicSnapshots: z.boolean('allowed are true and false').default(true),
    accountGroups: list,
    users: list.default([]),
  },
  'allowed is an organization',
)

const accountGroupForm = z.strictObject(
  { aid: digits, name: text, default: z.boolean('allowed are true and false').default(false) },
  'allowed is an account group',
)

const userForm = z.strictObject(
  {
    uid: digits,
    email: z.email('allowed is an e-mail address'),
    name: text,
    password: text.optional(),
    userApiToken: text.optional(),
    loginAccountGroup: digits,
    roles: z.record(
      z.union([digits, z.literal('all')], 'allowed are ids of account groups, and all'),
      z.array(text, 'allowed are names of roles').min(1, 'allowed is at least one role'),
      'allowed are names of roles by account group, or for all',
    ),
  },
  'allowed is a user',
)

type Lists = Readonly<Record<string, readonly unknown[]>>

/** A file; what its lists hold is checked when copies are made. */
export interface WholeForm {
  readonly base?: string | undefined
  readonly lists: Lists
  readonly organizations: readonly unknown[]
  readonly catalogue: Lists
  readonly everyAccountGroup: Lists
  readonly objects: Readonly<Record<string, Lists>>
}

export interface OrganizationForm {
  readonly id: string
  readonly name: string
  readonly region: RegionId
  readonly publicSnapshots: boolean
  readonly accountGroups: readonly unknown[]
  readonly users: readonly unknown[]
}

export interface AccountGroupForm {
  readonly aid: string
  readonly name: string
  readonly default: boolean
}

export interface UserForm {
  readonly uid: string
  readonly email: string
  readonly name: string
  readonly password?: string | undefined
  readonly userApiToken?: string | undefined
  readonly loginAccountGroup: string
  readonly roles: Readonly<Record<string, readonly string[]>>
}

const longestFound = 80

/** What was found, for a message. */
export function foundIn(value: unknown): string {
  const written = JSON.stringify(value) ?? 'nothing'
  return written.length > longestFound ? `${written.slice(0, longestFound)}...` : written
}

const within = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  )

type Check<T> = (placed: Placed<unknown>, problems: Problem[]) => T | undefined

/**
 * @returns a function that tells what the form makes of a value; undefined when it does not fit. Unless it does, the problems grow;
 * with unknown keys alone it is worth to look at the rest of it
 */
function checking<T>(form: z.ZodObject & z.ZodType<T>): Check<T> {
  const keys = Object.keys(form.shape).join(', ')
  return ({ place, value }, problems) => {
    const result = form.safeParse(value, { jitless: true })
    if (result.success) return result.data
    const at = (path: readonly PropertyKey[]): string =>
      [place, ...path.map(String)].filter((part) => part !== '').join('.') || '(file)'
    for (const issue of result.error.issues)
      if (issue.code === 'unrecognized_keys')
        for (const key of issue.keys)
          problems.push(`${at([...issue.path, key])}: found an unknown key; allowed are ${keys}`)
      else problems.push(`${at(issue.path)}: found ${foundIn(within(value, issue.path))}; ${issue.message}`)
    return form.strip().safeParse(value, { jitless: true }).data as T | undefined
  }
}

export const checkedWhole: Check<WholeForm> = checking(wholeForm)
export const checkedOrganization: Check<OrganizationForm> = checking(organizationForm)
export const checkedAccountGroup: Check<AccountGroupForm> = checking(accountGroupForm)
export const checkedUser: Check<UserForm> = checking(userForm)

/** By hand, as there are thousands of them. */
export function checkedObject(
  { place, value }: Placed<Json>,
  problems: Problem[],
): (JsonObject & { readonly id: string }) | undefined {
  const id = isJsonObject(value) ? value['id'] : undefined
  if (typeof id === 'string' && id !== '') return value as JsonObject & { readonly id: string }
  problems.push(
    isJsonObject(value)
      ? `${place}.id: found ${foundIn(id)}; allowed is text`
      : `${place}: found ${foundIn(value)}; allowed is an object with an id`,
  )
  return undefined
}
