import type { Guards, LimitRule } from '#limits/limits.ts'

/**
 * Ours. ThousandEyes blocks an address after 120 answers of 401 in an hour (thousandeyes-facts 6.4); people who paste junk may cause
 * a sixth of them at most, and one person a few.
 */
const perUser: LimitRule = { limit: 5, windowSeconds: 3_600 }
const overall: LimitRule = { limit: 20, windowSeconds: 3_600 }
const overallKey = 'link-account'

/** One attempt to link, drawn from the budget before anybody is asked. */
export interface LinkAttempt {
  /** Gives back what the attempt did not use. @param mayBe401 whether ThousandEyes answered, or may have answered, 401 */
  settle(outcome: { readonly isLinked: boolean; readonly mayBe401: boolean }): Promise<void>
}

export interface LinkBudget {
  /** @returns the attempt, or seconds to wait; of parallel ones, on any node, no more pass than may @throws StoreFailure */
  draw(userId: string): Promise<LinkAttempt | number>
}

export function linkBudget(guards: Guards): LinkBudget {
  return {
    async draw(userId) {
      const ownKey = `link-account:${userId}`
      const own = await guards.hit(ownKey, perUser)
      if (own.blocked) return Math.max(1, own.retryAfterSeconds)
      const all = await guards.hit(overallKey, overall)
      if (all.blocked) {
        await guards.release(ownKey)
        return Math.max(1, all.retryAfterSeconds)
      }
      return {
        async settle({ isLinked, mayBe401 }) {
          if (isLinked) await guards.release(ownKey)
          if (!mayBe401) await guards.release(overallKey)
        },
      }
    },
  }
}
