/**
 * Embedded upstream: a stateful v7, driven by the tables under config/v7/ that are made from the official document.
 * Owns the objects of v7, what roles may do with them, and the form of answers and errors. The order of checks of one call is
 * `answerCall`. Believes the gateway about who calls; keeps no tokens and knows no scopes.
 */
import type { AccountGroup } from '#domain/account-group.ts'
import type { Clock } from '#domain/clock.ts'
import { type RegionId, regionIds } from '#domain/region.ts'
import { parseUserId } from '#domain/user.ts'
import type { Store } from '#store/store.ts'
import type { Upstream, UpstreamAnswer, UpstreamRequest } from '#upstream/upstream.ts'
import { answerCache, answerKey } from './answer-cache.ts'
import { answerCall, type Prepared } from './answer-call.ts'
import type { Surroundings } from './call.ts'
import { groupsOf } from './caller.ts'
import { answerersOf } from './families.ts'
import { inTurn } from './in-turn.ts'
import { textOf } from './json.ts'
import { loadModel } from './model.ts'
import { loadPermissions } from './permissions.ts'
import type { Seed } from './seed.ts'
import { seedEntries } from './seed-entries.ts'
import type { RegionState } from './state.ts'
import { openRegionState } from './stored-state.ts'

export interface EmulatorParts extends Pick<Surroundings, 'identity' | 'userApiTokens' | 'randomBytes'> {
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
  const states = new Map<RegionId, RegionState>()
  for (const region of regionIds)
    states.set(
      region,
      await openRegionState(parts.store, region, seedEntries(parts.seed, region, permissions)),
    )

  const stateOf = (region: RegionId): RegionState => states.get(region) as RegionState
  const turns = new Map(regionIds.map((region) => [region, inTurn()]))
  const cache = answerCache(answersKept)
  const prepared: Prepared = {
    ...parts,
    model,
    permissions,
    answerers: answerersOf(model),
    rows: new Map(model.rows.map((row) => [row.id, row])),
    inTurn: (region, task) => (turns.get(region) as ReturnType<typeof inTurn>)(task),
  }

  return {
    async send(request: UpstreamRequest): Promise<UpstreamAnswer> {
      const state = stateOf(request.region)
      if (request.operation.method !== 'GET') return (await answerCall(prepared, state, request)).answer
      const key = answerKey(request)
      const { revision } = state
      const known = cache.find(key, revision)
      if (known) return known
      const { answer, varies } = await answerCall(prepared, state, request)
      if (!varies) cache.keep(key, revision, answer)
      return answer
    },
    async accountGroups(region, credential): Promise<readonly AccountGroup[]> {
      const state = stateOf(region)
      const uid = parseUserId(credential.userId)?.id.slice(region.length + 1) ?? ''
      const user = state.find('users', uid)
      if (!user) return []
      return groupsOf(user, state).map((aid, index) => ({
        aid: aid as AccountGroup['aid'],
        name: textOf(state.find('account-groups', aid)?.fields['accountGroupName']) ?? aid,
        isLogin: index === 0,
      }))
    },
  }
}
