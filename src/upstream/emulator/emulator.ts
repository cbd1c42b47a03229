/**
 * Embedded upstream: a stateful v7, driven by the tables under config/v7/ that are made from the official document.
 * Owns the objects of v7, what roles may do with them, and the form of answers and errors. The order of checks of one call is
 * answer-call.ts. Believes the gateway about who calls; keeps no tokens and knows no scopes.
 */
import type { AccountGroup } from '#domain/account-group.ts'
import type { Clock } from '#domain/clock.ts'
import { type RegionId, regionIds } from '#domain/region.ts'
import type { Store } from '#store/store.ts'
import type { Upstream } from '#upstream/upstream.ts'
import { answerCache, answerKey } from './answer-cache.ts'
import { answerRead, answerWrite, type Prepared } from './answer-call.ts'
import type { Surroundings } from './call.ts'
import { groupsOf, uidOf } from './caller.ts'
import { answerersOf } from './families.ts'
import { inTurn, type Turn } from './in-turn.ts'
import { textOf } from './json.ts'
import { loadModel } from './model.ts'
import { loadPermissions } from './permissions.ts'
import type { Seed } from './seed.ts'
import { seedEntries } from './seed-entries.ts'
import { openStoredRegion, type StoredRegion } from './stored-state.ts'

export interface EmulatorParts
  extends Pick<Surroundings, 'identity' | 'userApiTokens' | 'trail' | 'randomBytes'> {
  readonly store: Store
  readonly clock: Clock
  /** Where the gateway is reached, without a slash at the end: links and `Location` start with it. */
  readonly origin: string
  /** What a store that never held v7 objects starts with. */
  readonly seed: Seed
}

const answersKept = 2_000

/**
 * Opens the embedded upstream on a store. The objects of all regions are held in memory and every write is committed to the
 * store before its answer. @throws when the store cannot answer or a table under config/ is broken
 */
export async function openEmulator(parts: EmulatorParts): Promise<Upstream> {
  const [model, permissions] = await Promise.all([loadModel(), loadPermissions()])
  const regions = new Map<RegionId, StoredRegion>()
  for (const region of regionIds)
    regions.set(
      region,
      await openStoredRegion(parts.store, region, seedEntries(parts.seed, region, permissions)),
    )
  const turns = new Map(regionIds.map((region) => [region, inTurn()]))
  const cache = answerCache(answersKept)
  const prepared: Prepared = {
    ...parts,
    model,
    permissions,
    answerers: answerersOf(model),
    rows: new Map(model.rows.map((row) => [row.id, row])),
  }
  const regionOf = (id: RegionId): StoredRegion => regions.get(id) as StoredRegion
  const turnOf = (id: RegionId): Turn => turns.get(id) as Turn

  return {
    async send(request) {
      const region = regionOf(request.region)
      if (request.operation.method !== 'GET')
        return answerWrite(prepared, { region, inTurn: turnOf(request.region), request })
      const state = await region.current()
      const key = answerKey(request)
      const { revision } = state
      const known = cache.find(key, revision)
      if (known) return known
      const { answer, varies } = await answerRead(prepared, state, request)
      if (!varies) cache.keep(key, revision, answer)
      return answer
    },
    async accountGroups(region, credential): Promise<readonly AccountGroup[]> {
      const state = await regionOf(region).current()
      const user = state.find('users', uidOf(region, credential.userId))
      if (!user) return []
      return groupsOf(user, state).map((aid, index) => ({
        aid: aid as AccountGroup['aid'],
        name: textOf(state.find('account-groups', aid)?.fields['accountGroupName']) ?? aid,
        isLogin: index === 0,
      }))
    },
  }
}
