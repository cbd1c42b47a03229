import type { AccountGroup } from '#domain/account-group.ts'
import { isRefusal } from '#domain/refusal.ts'
import type { User } from '#domain/user.ts'
import type { AccountParts } from './section.ts'

/** The account groups that a user reaches, the login account group first; none when the upstream lends no standing. */
export const ownAccountGroups =
  ({ broker, upstream }: Pick<AccountParts, 'broker' | 'upstream'>) =>
  async (user: User): Promise<readonly AccountGroup[]> => {
    const credential = await broker.lend({ userId: user.id })
    return isRefusal(credential) ? [] : upstream.accountGroups(user.region, credential)
  }
