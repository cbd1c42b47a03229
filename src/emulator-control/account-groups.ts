import { z } from 'zod'
import { type AccountGroupId, parseAccountGroupId } from '#domain/account-group.ts'
import type { User } from '#domain/user.ts'
import type { EmulatorControlParts } from './parts.ts'
import { allowedAre, type ControlRefusal, found, refuseWith } from './refusals.ts'

const groupWords = 'allowed is a list of account group ids, as ["1101"]'

/** Which account groups a connection is limited to. */
export const accountGroups: z.ZodType<readonly (string | number)[]> = z
  .array(z.union([z.string(), z.number()], groupWords), groupWords)
  .min(1, groupWords)
  .max(200, groupWords)

/** @returns the account groups to grant, each one that the user reaches; undefined for all of them */
export async function chosenGroups(
  { authorizations }: EmulatorControlParts,
  person: User,
  wanted: readonly (string | number)[] | undefined,
): Promise<readonly AccountGroupId[] | undefined | ControlRefusal> {
  const groups = wanted?.map((group) => ({ group, id: parseAccountGroupId(String(group)) }))
  const wrong = groups?.find(({ id }) => id === undefined)
  if (wrong)
    return refuseWith(422, 'invalid_account_group', `accountGroups: ${found(wrong.group)}; ${groupWords}`)
  const reached = groups && (await authorizations.accountGroupsOf(person)).map(({ aid }) => aid)
  const beyond = groups?.find(({ id }) => id !== undefined && reached?.includes(id) === false)
  if (beyond)
    return refuseWith(
      422,
      'unknown_account_group',
      `accountGroups: ${found(beyond.group)}; of ${person.email} ${allowedAre(reached ?? [])}`,
    )
  return groups && [...new Set(groups.flatMap(({ id }) => (id === undefined ? [] : [id])))]
}
