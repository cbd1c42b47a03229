/** The organizations of a seed, with their account groups and users. */
import { isJsonObject, type Json, listOf } from './json.ts'
import { copiesIn, type Placed, type Problem } from './seed-copies.ts'
import {
  type AccountGroupForm,
  checkedAccountGroup,
  checkedOrganization,
  checkedUser,
  type OrganizationForm,
  type UserForm,
} from './seed-form.ts'
import type { SeedLists } from './seed-placeholders.ts'

export interface Organization {
  readonly place: string
  readonly form: OrganizationForm
  readonly groups: readonly Placed<AccountGroupForm>[]
  readonly users: readonly Placed<UserForm>[]
}

/** Stands for an organization that does not fit, so that what refers to its account groups is not told as well. */
const remainsOf = (value: Json): OrganizationForm => {
  const { id, accountGroups, users }: Readonly<Record<string, Json>> = isJsonObject(value) ? value : {}
  return {
    id: String(id),
    name: '',
    region: 'us1',
    publicSnapshots: true,
    accountGroups: [...listOf(accountGroups)],
    users: [...listOf(users)],
  }
}

const remainsOfGroup = (value: Json): AccountGroupForm => ({
  aid: String(isJsonObject(value) ? value['aid'] : value),
  name: '',
  default: false,
})

/** @returns all, those included that are among the problems now */
export function organizationsIn(
  list: readonly Json[],
  lists: SeedLists,
  problems: Problem[],
): readonly Organization[] {
  const copies = (found: readonly unknown[], place: string): readonly Placed<Json>[] =>
    copiesIn(found as readonly Json[], place, { lists, numbers: {}, isFilledAlways: false, problems })
  return copies(list, 'organizations').map((placed) => {
    const form = checkedOrganization(placed, problems) ?? remainsOf(placed.value)
    return {
      place: placed.place,
      form,
      groups: copies(form.accountGroups, `${placed.place}.accountGroups`).map((group) => ({
        place: group.place,
        value: checkedAccountGroup(group, problems) ?? remainsOfGroup(group.value),
      })),
      users: copies(form.users, `${placed.place}.users`).flatMap((user) => {
        const value = checkedUser(user, problems)
        return value ? [{ place: user.place, value }] : []
      }),
    }
  })
}
