/**
 * Embedded upstream: a stateful v7, driven by the tables under config/v7/ that are made from the official document.
 * Owns the objects of v7, what roles may do with them, and the form of answers and errors. The order of checks of one call is
 * answer-call.ts. Believes the gateway about who calls; keeps no tokens and knows no scopes.
 */
import type { AccountGroup } from '#domain/account-group.ts'
import { type Awaitable, whenKnown } from '#domain/awaitable.ts'
import type { Clock } from '#domain/clock.ts'
import type { Fidelity } from '#domain/fidelity.ts'
import { type RegionId, regionIds } from '#domain/region.ts'
import type { Store } from '#store/store.ts'
import type { UpstreamPeople } from '#upstream/people.ts'
import type { Upstream, UpstreamAnswer, UpstreamRequest } from '#upstream/upstream.ts'
import { answerCache, answerKey } from './answer-cache.ts'
import { answerRead, answerWrite, type Prepared } from './answer-call.ts'
import type { Surroundings } from './call.ts'
import { groupsOf, uidOf } from './caller.ts'
import { dialectOf } from './dialects.ts'
import { areTransfersDue, settleTransfers } from './families/endpoint-agent-transfers.ts'
import { keepLinks } from './families/test-links.ts'
import type { answerersOf } from './families.ts'
import { inTurn, type Turn } from './in-turn.ts'
import { textOf } from './json.ts'
import { loadModel } from './model.ts'
import { emulatedPeople } from './people.ts'
import { loadPermissions } from './permissions.ts'
import type { Seed } from './seed.ts'
import { seedEntries } from './seed-entries.ts'
import type { Entry, RegionState } from './state.ts'
import { openStoredRegion, type StoredRegion, seedOnce } from './stored-state.ts'

/** What the tables under config/v7 say: the same for every emulator of a process. */
export type V7Facts = Pick<Prepared, 'model' | 'permissions' | 'answererOf' | 'rows'>

/** @throws when a table under config/ is missing or broken */
export async function loadV7Facts(): Promise<V7Facts> {
  const [model, permissions] = await Promise.all([loadModel(), loadPermissions()])
  let answerers: Awaitable<ReturnType<typeof answerersOf>> | undefined
  return {
    model,
    permissions,
    // Loaded with the first call, as many a start is followed by none; they ask the model for schemas, which are not read before.
    answererOf(id) {
      answerers ??= import('./families.ts').then((families) => {
        answerers = families.answerersOf(model)
        return answerers
      })
      return whenKnown(answerers, (known) => known.get(id)?.answerer)
    },
    rows: new Map(model.rows.map((row) => [row.id, row])),
  }
}

/** Gives a store that never held v7 objects those of the seed. @throws when the store cannot answer */
export async function seedV7(store: Store, seed: Seed, { permissions }: V7Facts): Promise<void> {
  for (const region of regionIds)
    await seedOnce(store, { region, seed: () => seedEntries(seed, region, permissions) })
}

export interface EmulatorParts
  extends Pick<Surroundings, 'directory' | 'userApiTokens' | 'trail' | 'randomBytes'> {
  readonly store: Store
  readonly clock: Clock
  /** Where the gateway is reached, without a slash at the end: links and `Location` start with it. */
  readonly origin: string
  readonly facts: V7Facts
  /** What counts where the document and recorded answers differ; `live` when it is left out. */
  readonly fidelity?: Fidelity
  /** Objects that need not be parsed again, by their stored text: those of a seed that many emulators of a process share. */
  readonly known?: ReadonlyMap<string, Entry>
}

/** The embedded upstream, whose store may be put back to an earlier state. */
export interface EmbeddedUpstream extends Upstream {
  readonly people: UpstreamPeople
  /** Reads all objects from the store anew; answers kept from before are stale. @throws when the store cannot answer */
  reload(): Promise<void>
}

const answersKept = 2_000

/**
 * Opens the embedded upstream on a store that holds the seed. The objects of all regions are held in memory and every write is
 * committed to the store before its answer. While the store is away, calls fail.
 */
export async function openEmulator({ facts, ...parts }: EmulatorParts): Promise<EmbeddedUpstream> {
  const known = parts.known ?? new Map<string, Entry>()
  const regions = new Map<RegionId, StoredRegion>()
  for (const region of regionIds) regions.set(region, await openStoredRegion(parts.store, region, known))
  const turns = new Map(regionIds.map((region) => [region, inTurn()]))
  const cache = answerCache(answersKept)
  const prepared: Prepared = { ...parts, ...facts, dialect: dialectOf(parts.fidelity ?? 'live') }
  const regionOf = (id: RegionId): StoredRegion => regions.get(id) as StoredRegion
  const turnOf = (id: RegionId): Turn => turns.get(id) as Turn

  function read(state: RegionState, request: UpstreamRequest): Awaitable<UpstreamAnswer> {
    const key = answerKey(request)
    const { revision } = state
    return (
      cache.find(key, revision) ??
      answerRead(prepared, state, request).then(({ answer, varies }) => {
        if (!varies) cache.keep(key, revision, answer)
        return answer
      })
    )
  }

  const answer = (state: RegionState, request: UpstreamRequest): Awaitable<UpstreamAnswer> =>
    request.operation.method === 'GET'
      ? read(state, request)
      : answerWrite(prepared, {
          region: regionOf(request.region),
          inTurn: turnOf(request.region),
          request,
        })

  /** What calls have announced for later happens with the first call behind its time. @returns the state after it */
  const settled = (id: RegionId): Promise<RegionState> =>
    turnOf(id)(async () => {
      const before = await regionOf(id).current()
      const { draft, written } = before.draft()
      const now = settleTransfers(draft, parts.clock.now())
      keepLinks({ state: draft, now }, written(), before)
      await regionOf(id).write(written())
      return regionOf(id).current()
    })

  return {
    people: emulatedPeople({ ...prepared, clock: parts.clock, regionOf, turnOf }),
    send(request) {
      return whenKnown(regionOf(request.region).current(), (state) =>
        areTransfersDue(state, parts.clock.now())
          ? settled(request.region).then((now) => answer(now, request))
          : answer(state, request),
      )
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
    async reload() {
      await Promise.all(regionIds.map((region) => turnOf(region)(() => regionOf(region).reload())))
    },
  }
}
