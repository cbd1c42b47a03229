import { isRefusal } from '#domain/refusal.ts'
import { userIdOf } from '#domain/user.ts'
import type { Answerers } from '../call.ts'
import { isoDate } from '../iso-date.ts'
import { refused } from '../refusals.ts'

/** A new User API Token in the place of the one that calls (thousandeyes-facts 5.3). Access tokens of integrations are none. */
export const apiTokens = (): Answerers => ({
  async regenerateApiToken({ userApiTokens, region, caller, presentedToken }) {
    if (presentedToken === undefined)
      return refused('forbidden', 'Only a User API Token can be regenerated: call with the token itself.')
    const rotated = await userApiTokens.rotate(userIdOf(region, caller.uid), presentedToken)
    if (isRefusal(rotated)) return refused('conflict', rotated.description)
    return {
      status: 201,
      body: { bearerToken: rotated.token, validUntil: isoDate(rotated.expiresAt) },
      headers: { 'cache-control': 'no-store' },
    }
  },
})
