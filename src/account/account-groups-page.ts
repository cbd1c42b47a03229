/** The tab Account Groups: names alone, as the product shows them (product documentation 1.7); the ids are the API's to tell. */
import type { AccountGroup } from '#domain/account-group.ts'
import type { Views } from '#http/page.ts'
import { type AccountFrame, framed } from './frame-page.ts'

export interface AccountGroupsPage {
  readonly frame: AccountFrame
  readonly accountGroups: readonly Pick<AccountGroup, 'name' | 'isLogin'>[]
}

export const accountGroupsPage = (views: Views, { frame, accountGroups }: AccountGroupsPage): string =>
  views.render('account-groups', {
    ...framed(frame),
    accountGroups: accountGroups.map(({ name, isLogin }) => ({ name, isLogin })),
  })
