import type { AccountGroupId } from '#domain/account-group.ts'
import type { Clock } from '#domain/clock.ts'
import type { UserId } from '#domain/user.ts'
import type { GrantRecord } from '#grants/grant-record.ts'

/** A connection of Meraki for a day, with a refresh token of two hours, but for what is said otherwise. */
export const grantRecordAt = (clock: Clock, changes: Partial<GrantRecord> = {}): GrantRecord => ({
  userId: 'us1.1001' as UserId,
  region: 'us1',
  clientId: 'meraki',
  scopes: ['tests:read', 'openid'],
  accountGroups: ['1101' as AccountGroupId],
  sessionUid: 'a session',
  createdAt: clock.now(),
  lastUsedAt: clock.now(),
  endsAt: clock.now() + 86_400_000,
  pendingUntil: 0,
  grant: { jti: 'the id of the grant' },
  access: [],
  refresh: {
    hash: 'of the refresh token',
    generation: 1,
    exp: Math.floor(clock.now() / 1000) + 7_200,
    payload: {},
  },
  ...changes,
})
