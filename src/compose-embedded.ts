/** The backend of an emulator: the embedded v7, whose people are ours and whose broker lends their own standing. */
import { ownStanding } from '#broker/own-standing.ts'
import type { StoreImage } from '#store/images.ts'
import { openStore } from '#store/open-store.ts'
import type { Store } from '#store/store.ts'
import { type EmbeddedUpstream, openEmulator, seedV7 } from '#upstream/emulator/emulator.ts'
import type { Entry } from '#upstream/emulator/state.ts'
import {
  type Backend,
  type Foundation,
  type FoundationParts,
  type Ground,
  openFoundation,
} from './compose-capabilities.ts'
import type { Facts } from './compose-facts.ts'
import { seedPeople } from './seed-people.ts'

export interface EmbeddedBackend extends Backend {
  readonly upstream: EmbeddedUpstream
}

export interface EmbeddedGround extends Ground {
  readonly facts: Facts
  /** v7 objects that need not be parsed again, by their stored text. */
  readonly knownEntries: ReadonlyMap<string, Entry>
}

/** Opens it on a store that holds the seed, or is away. */
export async function openEmbedded(
  { settings, surroundings, origin, facts, store, knownEntries: known }: EmbeddedGround,
  { directory, userApiTokens, trail }: Foundation,
): Promise<EmbeddedBackend> {
  const { clock, randomBytes } = surroundings
  const own = origin.origin
  const upstream = await openEmulator({
    ...{ store, clock, randomBytes, directory, userApiTokens, trail, known },
    origin: own,
    facts: facts.v7,
    fidelity: settings.fidelity,
  })
  return {
    broker: ownStanding(),
    upstream,
    people: upstream.people,
    knownAccountGroups: upstream.accountGroups,
    // It writes our own origin into its links, so there is nothing to rewrite.
    upstreamOrigins: { us1: own, us2: own, eu1: own },
    accountGroupSeconds: 1,
    close: () => Promise.resolve(),
  }
}

type SeedGround = Omit<FoundationParts, 'store'> & Pick<EmbeddedGround, 'facts'>

/** Gives a store that never held the seed its people and v7 objects. @throws when the store cannot answer */
export async function seedStore(ground: SeedGround, store: Store): Promise<void> {
  const { seed, v7 } = ground.facts
  const { clock } = ground.surroundings
  const { directory, userApiTokens } = openFoundation({ ...ground, store })
  await seedPeople(seed, { store, directory, userApiTokens, clock })
  await seedV7(store, seed, v7)
}

/**
 * What an empty store of this seed begins with, made in a store of its own: reset puts it back, workspaces begin with it.
 * It belongs to the key material, as users and tokens are found by keyed hashes.
 */
export async function makeSeedImage(ground: SeedGround): Promise<StoreImage> {
  const { clock, randomBytes: random } = ground.surroundings
  const { store, images } = await openStore({ kind: 'memory' }, { clock, random })
  await seedStore(ground, store)
  const image = await images.take()
  await store.close()
  return image
}
