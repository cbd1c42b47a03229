/** Models of the account: its frame, and its connections. */
import type { AccountConnection, ConnectionsPage } from '#account/connections-page.ts'
import type { AccountFrame } from '#account/frame-page.ts'
import type { AccountGroupId } from '#domain/account-group.ts'
import type { GrantTag } from '#domain/grant.ts'
import { limits, type SampleText, scopes } from './sample-models.ts'

export const connection = (text: SampleText, tag: string): AccountConnection => ({
  tag: tag as GrantTag,
  createdAt: Date.UTC(2026, 8, 1, 9, 12),
  firstUsedAt: Date.UTC(2026, 8, 1, 9, 13),
  lastUsedAt: Date.UTC(2026, 9, 7, 7, 3),
  lastUsedAddress: '2001:db8:85a3::8a2e:370:7334',
  expiresAt: Date.UTC(2027, 1, 28, 9, 12),
  integration: text.integration,
  region: 'us1',
  scopes,
  accountGroups: [{ aid: '1102' as AccountGroupId, name: text.group }],
  limits: tag.startsWith('B') ? limits : undefined,
})

/** @param current the href of the tab that is shown */
export const accountFrame = (text: SampleText, current: string): AccountFrame => ({
  csrf: 'sample',
  signOutAction: '/account/sign-out',
  name: 'Ada Admin',
  email: text.email,
  region: 'us1',
  organizationName: text.organization,
  tabs: [
    { href: '/account', name: 'Connections' },
    { href: '/account/api-tokens', name: 'API Tokens' },
    { href: '/account/profile', name: 'Profile' },
    { href: '/account/account-groups', name: 'Account Groups' },
    { href: '/account/sessions', name: 'Sessions' },
    { href: '/account/activity', name: 'Activity' },
  ],
  current,
})

export const connectionsModel = (text: SampleText): ConnectionsPage => ({
  frame: accountFrame(text, '/account'),
  disconnectAction: '/account/disconnect',
  connections: [connection(text, 'AAAAAAAAAAAAAAAA'), connection(text, 'BBBBBBBBBBBBBBBB')],
  disconnected: undefined,
})
