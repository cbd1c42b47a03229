import { accountGroupsPage } from './account-groups-page.ts'
import { ownAccountGroups } from './own-account-groups.ts'
import type { Section } from './section.ts'

const tab = { href: '/account/account-groups', name: 'Account Groups' }

/** Account Groups: which the user reaches, by name. */
export const accountGroupsSection: Section = {
  tab,
  open(router, frame, parts) {
    const groupsOf = ownAccountGroups(parts)
    router.get(
      tab.href,
      frame.page(async (_, who) =>
        accountGroupsPage(parts.views, {
          frame: frame.around(who, tab.href),
          accountGroups: await groupsOf(who.user),
        }),
      ),
    )
  },
}
