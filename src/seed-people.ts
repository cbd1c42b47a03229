import type { Clock } from '#domain/clock.ts'
import { userIdOf } from '#domain/user.ts'
import type { Directory } from '#identity/directory.ts'
import type { UserApiTokens } from '#identity/user-api-tokens.ts'
import type { Store } from '#store/store.ts'
import type { Seed } from '#upstream/emulator/seed.ts'

export interface SeedPeopleParts {
  readonly store: Store
  readonly directory: Directory
  readonly userApiTokens: UserApiTokens
  readonly clock: Clock
}

const marker = 'seeded-people'
/** thousandeyes-facts 5.3: a User API Token is valid for two years. */
const tokenLifetimeMs = 730 * 86_400_000

/** Enrols the seed's users with their passwords and tokens, once in the life of a store: what was changed since stays changed. */
export async function seedPeople(
  seed: Seed,
  { store, directory, userApiTokens, clock }: SeedPeopleParts,
): Promise<void> {
  const [done] = await store.read([marker])
  if (done) return
  await Promise.all(
    seed.users.map(async (user) => {
      const { region, uid, email, name, organizationId, organizationName, password, userApiToken } = user
      const person = { region, uid, email, name, organizationId, organizationName }
      await directory.enrol({ ...person, ...(password === undefined ? {} : { password }) })
      if (userApiToken !== undefined)
        await userApiTokens.install(userIdOf(region, uid), userApiToken, clock.now() + tokenLifetimeMs)
    }),
  )
  await store.commit([
    { kind: 'put', key: marker, value: seed.name, expiresAt: Date.UTC(9999, 11, 31), expected: 'any' },
  ])
}
