/** What stands around every tab of the account: who is signed in and where, Sign out, and the tabs. */
import { type RegionId, regionLabel } from '#domain/region.ts'
import type { User } from '#domain/user.ts'

export interface Tab {
  readonly href: string
  readonly name: string
}

/** Forms of the tabs carry `csrf`; Sign out posts it to `signOutAction`. */
export interface AccountFrame
  extends Pick<User, 'name' | 'email' | 'organizationName'>,
    Record<'csrf' | 'signOutAction', string> {
  readonly region: RegionId
  readonly tabs: readonly Tab[]
  /** The href of the tab that is shown. */
  readonly current: string
}

/** The frame as the view `account-frame` prints it, for the model of a view that stands in it. */
export const framed = (frame: AccountFrame): { readonly frame: object } => ({
  frame: {
    ...frame,
    region: regionLabel(frame.region),
    tabs: frame.tabs.map((tab) => ({ ...tab, isCurrent: tab.href === frame.current })),
  },
})
