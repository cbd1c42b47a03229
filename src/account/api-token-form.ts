/** The form for a scoped API token: read at the border, once, against what the user may give now. */
import type { AccountGroup, AccountGroupId } from '#domain/account-group.ts'
import type { ScopeWord } from '#domain/scope.ts'

type Form = ReadonlyMap<string, string>

const dayMs = 86_400_000
const longestName = 60

/** What the user may choose from. */
export interface ApiTokenChoices {
  readonly scopes: readonly ScopeWord[]
  readonly accountGroups: readonly AccountGroup[]
  /** Whether the configuration makes every token read-only. */
  readonly isReadOnlyAnyway: boolean
  /** The first and last day on which a token may end, as `2026-11-26`. */
  readonly days: { readonly first: string; readonly last: string }
}

/** What stands in the fields. */
export interface ApiTokenFields {
  readonly name: string
  readonly scopes: readonly string[]
  readonly accountGroups: readonly AccountGroupId[]
  readonly isReadOnly: boolean
  /** As `2026-11-26`. */
  readonly endDay: string
}

export type ApiTokenField = 'name' | 'scopes' | 'account-groups' | 'end-day' | 'code'

/** What is wrong with a field, in words. */
export interface ApiTokenProblem {
  readonly field: ApiTokenField
  readonly text: string
}

export const scopeField = (name: string): string => `scope-${name}`
export const groupField = (aid: AccountGroupId): string => `aid-${aid}`

/** Both in UTC, as every instant on our pages is. @param at epoch ms */
export const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10)

/** The instant at which a day is over, epoch ms; undefined for what is no day. */
export function endOfDay(day: string): number | undefined {
  const begin = /^\d{4}-\d\d-\d\d$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN
  // Some calendars have a thirty-first of February, and it is the third of March.
  return Number.isNaN(begin) || dayOf(begin) !== day ? undefined : begin + dayMs
}

/** The fields of a form as they were sent; nothing of it is believed yet. */
export const readFields = (form: Form, { scopes, accountGroups }: ApiTokenChoices): ApiTokenFields => ({
  name: (form.get('name') ?? '').normalize('NFC').trim(),
  scopes: scopes.map(({ name }) => name).filter((name) => form.has(scopeField(name))),
  accountGroups: accountGroups.map(({ aid }) => aid).filter((aid) => form.has(groupField(aid))),
  isReadOnly: form.has('read-only'),
  endDay: (form.get('end-day') ?? '').trim(),
})

function nameProblem(name: string): string | undefined {
  if (name === '') return 'Enter a name.'
  // Invisible characters would let one name pass for another.
  if (/[\p{C}\p{Zl}\p{Zp}]/u.test(name)) return 'Enter a name without control or invisible characters.'
  return name.length > longestName ? `Enter a name of at most ${longestName} characters.` : undefined
}

const countOf = (form: Form, prefix: string): number =>
  [...form.keys()].filter((name) => name.startsWith(prefix)).length

function choiceProblem(chosen: number, named: number, noun: string): string | undefined {
  if (named > chosen) return `The ${noun}s that you may give have changed. Check your choice and try again.`
  return chosen === 0 ? `Choose at least one ${noun}.` : undefined
}

function dayProblem(endDay: string, { first, last }: ApiTokenChoices['days']): string | undefined {
  if (endDay === '') return 'Enter the last day on which the token works.'
  if (endOfDay(endDay) === undefined) return 'Enter the last day as year, month and day: 2027-03-31.'
  return endDay < first || endDay > last ? `Enter a day from ${first} to ${last}.` : undefined
}

/** What is wrong with the form, in the order of the page; empty when nothing is. */
export function problemsOf(
  form: Form,
  fields: ApiTokenFields,
  choices: ApiTokenChoices,
): readonly ApiTokenProblem[] {
  const found: readonly (readonly [ApiTokenField, string | undefined])[] = [
    ['name', nameProblem(fields.name)],
    ['scopes', choiceProblem(fields.scopes.length, countOf(form, 'scope-'), 'scope')],
    ['account-groups', choiceProblem(fields.accountGroups.length, countOf(form, 'aid-'), 'account group')],
    ['end-day', dayProblem(fields.endDay, choices.days)],
  ]
  return found.flatMap(([field, text]) => (text === undefined ? [] : [{ field, text }]))
}
