/** Samples of the account's tabs. */
import { accountGroupsPage } from '#account/account-groups-page.ts'
import { activityPage } from '#account/activity-page.ts'
import { connectionsPage } from '#account/connections-page.ts'
import { type ProfilePage, profilePage, revokeTokenPage, type TokenState } from '#account/profile-page.ts'
import type { Views } from '#http/page.ts'
import { apiTokenPages } from './sample-api-tokens.ts'
import { accountFrame, connection, connectionsModel } from './sample-connections.ts'
import { accountGroups, type SampleText } from './sample-models.ts'
import { sampleSessionsPages } from './sample-sessions.ts'

const now = Date.UTC(2026, 9, 7, 9, 12)
const day = 86_400_000
const current = { generatedAt: now - 40 * day, expiresAt: now + 690 * day }

const profileModel = (text: SampleText, token: TokenState): ProfilePage => ({
  frame: accountFrame(text, '/account/profile'),
  generateAction: '/account/profile/user-api-token',
  revokeHref: '/account/profile/user-api-token/revoke',
  apiTokensHref: '/account/api-tokens',
  loginAccountGroup: text.group,
  token,
  codeSeconds: 600,
  problem: undefined,
  isRevoked: false,
  now,
})

function profilePages(views: Views, text: SampleText): Readonly<Record<string, string>> {
  const profile = (token: TokenState, more: Partial<ProfilePage> = {}): string =>
    profilePage(views, { ...profileModel(text, token), ...more })
  const none = { kind: 'none', isConfirmed: false } as const
  const held = { kind: 'held', tokens: [current], value: undefined } as const
  return {
    'account-profile': profile(none),
    'account-profile-revoked': profile(none, { isRevoked: true, loginAccountGroup: undefined }),
    'account-profile-confirmed': profile({ ...none, isConfirmed: true }),
    'account-profile-code': profile({ kind: 'code' }),
    'account-profile-code-problem': profile({ kind: 'code' }, { problem: 'code-wrong' }),
    'account-profile-new': profile({
      kind: 'held',
      tokens: [{ generatedAt: now, expiresAt: now + 730 * day }],
      value: '1b4e28ba-2fa1-41d2-883f-0016d3cca427',
    }),
    'account-profile-held': profile(held),
    'account-profile-renewed': profile({
      ...held,
      tokens: [current, { generatedAt: undefined, expiresAt: now + 5 * day }],
    }),
    'account-profile-exists': profile(held, { problem: 'token-exists' }),
    'account-revoke-token': revokeTokenPage(views, {
      frame: accountFrame(text, '/account/profile'),
      revokeAction: '/account/profile/user-api-token/revoke',
      cancelHref: '/account/profile',
      count: 2,
    }),
    'account-revoke-nothing': revokeTokenPage(views, {
      frame: accountFrame(text, '/account/profile'),
      revokeAction: '/account/profile/user-api-token/revoke',
      cancelHref: '/account/profile',
      count: 0,
    }),
  }
}

function connectionsPages(views: Views, text: SampleText): Readonly<Record<string, string>> {
  return {
    account: connectionsPage(views, connectionsModel(text)),
    'account-disconnected': connectionsPage(views, {
      ...connectionsModel(text),
      connections: [{ ...connection(text, 'CCCCCCCCCCCCCCCC'), accountGroups: [] }],
      disconnected: text.integration,
    }),
    'account-many-groups': connectionsPage(views, {
      ...connectionsModel(text),
      connections: [{ ...connection(text, 'DDDDDDDDDDDDDDDD'), accountGroups: accountGroups(text, 40) }],
    }),
    'account-empty': connectionsPage(views, { ...connectionsModel(text), connections: [] }),
  }
}

/** @returns the HTML of each tab in each of its states, by name */
export function accountPages(views: Views, text: SampleText): Readonly<Record<string, string>> {
  const event = (words: string, minutesAgo: number, address?: string, isWarning = false) => ({
    words,
    at: now - minutesAgo * 60_000,
    address,
    isWarning,
  })
  return {
    ...connectionsPages(views, text),
    ...profilePages(views, text),
    ...apiTokenPages(views, text),
    ...sampleSessionsPages(views, text),
    'account-groups': accountGroupsPage(views, {
      frame: accountFrame(text, '/account/account-groups'),
      accountGroups: [
        { name: 'Acme HQ', isLogin: true },
        { name: text.group, isLogin: false },
      ],
    }),
    'account-groups-none': accountGroupsPage(views, {
      frame: accountFrame(text, '/account/account-groups'),
      accountGroups: [],
    }),
    'account-activity': activityPage(views, {
      frame: accountFrame(text, '/account/activity'),
      most: 50,
      activities: [
        event('User API Token generated', 3, '2001:db8:85a3::8a2e:370:7334'),
        event(`Connected ${text.integration}`, 9),
        event('Signed in', 12, '198.51.100.7'),
        event('Sign-in refused', 14, '198.51.100.7', true),
        event(
          `${text.integration} was disconnected: a refresh token came a second time`,
          1_500,
          undefined,
          true,
        ),
      ],
    }),
    'account-activity-none': activityPage(views, {
      frame: accountFrame(text, '/account/activity'),
      most: 50,
      activities: [],
    }),
  }
}
