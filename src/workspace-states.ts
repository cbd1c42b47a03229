import type { AdjustableClock, Clock } from '#domain/clock.ts'
import type { Workspace } from '#emulator-control/parts.ts'
import type { KeyMaterial } from '#secrets/secrets.ts'
import type { StoreImage, StoreImages } from '#store/images.ts'
import type { OpenTraffic } from '#traffic/open-traffic.ts'
import type { ComposedEmulator } from './compose-emulator.ts'
import type { Gate } from './gate.ts'
import type { Snapshot } from './snapshot-document.ts'
import { openSnapshots } from './snapshots.ts'

/** The composition of a workspace; another one takes its place when the keys change. */
export interface Composition {
  current(): ComposedEmulator
  material(): KeyMaterial
  /** The store was put back to another state, under these keys. */
  follow(keys: KeyMaterial): Promise<void>
}

export async function openComposition(
  build: (material: KeyMaterial) => Promise<ComposedEmulator>,
  firstKeys: KeyMaterial,
): Promise<Composition> {
  let material = firstKeys
  let current = await build(material)
  return {
    current: () => current,
    material: () => material,
    async follow(keys) {
      if (keys === material) return current.reload()
      const next = await build(keys)
      const before = current
      material = keys
      current = next
      before.drain() // its live views end here, and begin anew on the next one
      return before.close()
    },
  }
}

/** What is put back at a reset, and when a snapshot is loaded. */
export interface Restorable {
  readonly clock: AdjustableClock
  readonly traffic: OpenTraffic
  readonly images: StoreImages
  /** Asked when it is needed: the composition is made after this. */
  readonly composition: () => Composition
  readonly gate: Gate
  readonly material: KeyMaterial
  readonly seedImage: () => Promise<StoreImage>
  /** Whether the records outlive the process, and with them the keys that they need. */
  readonly isKept: boolean
  /** The machine's clock. */
  readonly machine: Clock
}

/** As the control API has it for the clock. */
const hundredYearsMs = 36_500 * 86_400_000

export function restoring(parts: Restorable): Pick<Workspace, 'reset' | 'snapshots'> {
  const { clock, traffic, images, composition, gate, machine } = parts

  const now = async (): Promise<Snapshot> => ({
    image: await images.take(),
    material: composition().material(),
    takenAt: clock.now(),
    frozen: clock.read().frozen,
    lifetimes: composition().current().capabilities.integrations.ownLifetimes(),
  })

  async function putBack({
    image,
    material,
    lifetimes,
  }: Omit<Snapshot, 'takenAt' | 'frozen'>): Promise<void> {
    traffic.calm()
    await images.restore(image)
    await composition().follow(material)
    composition().current().capabilities.integrations.replaceLifetimes(lifetimes)
  }

  async function become(snapshot: Snapshot): Promise<void> {
    clock.reset()
    clock.set(snapshot.takenAt)
    if (snapshot.frozen) clock.freeze()
    await putBack(snapshot)
  }

  /** A snapshot that cannot be lived in is undone, clock and keys included. */
  async function load(snapshot: Snapshot): Promise<void> {
    const before = { ...(await now()), aheadMs: clock.read().aheadMs }
    try {
      await become(snapshot)
    } catch (failure) {
      await become(before)
      if (!before.frozen) {
        clock.reset()
        clock.advance(before.aheadMs)
      }
      throw failure
    }
  }

  function problemOf({ takenAt, material }: Snapshot): string | undefined {
    if (Math.abs(takenAt - machine.now()) > hundredYearsMs)
      return `takenAt: found ${new Date(takenAt).toISOString()}; allowed is at most 100 years from now`
    return parts.isKept &&
      material !== composition().material() &&
      !isSame(material, composition().material())
      ? 'keys: found those of another emulator; this one keeps its records with --data, where they need its own'
      : undefined
  }

  return {
    reset() {
      traffic.calm() // what a fault makes wait would be waited for
      return gate.closedFor(async () => {
        clock.reset()
        await putBack({ image: await parts.seedImage(), material: parts.material, lifetimes: new Map() })
        traffic.faults.clear()
        traffic.journal.clear()
      })
    },
    snapshots: openSnapshots({
      take: () => gate.closedFor(now),
      async load(snapshot) {
        const problem = problemOf(snapshot)
        if (problem === undefined) await gate.closedFor(() => load(sameKeys(snapshot)))
        return problem
      },
    }),
  }

  /** Keys of a document that are the ones in use are those, so that nothing needs to be composed anew. */
  function sameKeys(snapshot: Snapshot): Snapshot {
    const material = composition().material()
    return isSame(snapshot.material, material) ? { ...snapshot, material } : snapshot
  }
}

const isSame = (one: KeyMaterial, other: KeyMaterial): boolean =>
  JSON.stringify(one) === JSON.stringify(other)
