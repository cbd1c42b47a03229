import type { AccountGroup, AccountGroupId } from '#domain/account-group.ts'

/** The name of an account group's field on the confirm page; a name may stand once in a form (form.ts). */
export const accountGroupField = (aid: AccountGroupId): string => `${prefix}${aid}`

const prefix = 'aid-'

export type ChoiceProblem =
  /** Nothing was chosen, though there is something to choose. */
  | 'none-chosen'
  /** The form names what the user does not reach: it was made up, or an account group is gone since the page was shown. */
  | 'not-reached'

export interface AccountGroupChoice {
  /** Those of the form that the user reaches, in the order in which they are reached. */
  readonly chosen: readonly AccountGroup[]
  readonly problem: ChoiceProblem | undefined
}

/** Reads which account groups the user chose. @param reached those that the user reaches now */
export function chosenAccountGroups(
  reached: readonly AccountGroup[],
  form: ReadonlyMap<string, string>,
): AccountGroupChoice {
  const chosen = reached.filter(({ aid }) => form.has(accountGroupField(aid)))
  const named = [...form.keys()].filter((name) => name.startsWith(prefix)).length
  if (named > chosen.length) return { chosen, problem: 'not-reached' }
  return { chosen, problem: chosen.length === 0 && reached.length > 0 ? 'none-chosen' : undefined }
}
