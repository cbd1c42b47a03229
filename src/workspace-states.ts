import type { AdjustableClock } from '#domain/clock.ts'
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
      await current.close()
      material = keys
      current = await build(keys)
      return undefined
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
  readonly gate: () => Gate
  readonly shared: {
    readonly material: KeyMaterial
    readonly seedImage: () => Promise<StoreImage>
  }
}

export function restoring(parts: Restorable): Pick<Workspace, 'reset' | 'snapshots'> {
  const { clock, traffic, images, composition, gate, shared } = parts

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

  return {
    reset: () =>
      gate().closedFor(async () => {
        const { material } = shared
        clock.reset()
        await putBack({ image: await shared.seedImage(), material, lifetimes: new Map() })
        traffic.faults.clear()
        traffic.journal.clear()
      }),
    snapshots: openSnapshots({
      take: () =>
        gate().closedFor(async () => ({
          image: await images.take(),
          material: composition().material(),
          takenAt: clock.now(),
          frozen: clock.read().frozen,
          lifetimes: composition().current().capabilities.integrations.ownLifetimes(),
        })),
      load: (snapshot) =>
        gate().closedFor(async () => {
          clock.reset()
          clock.set(snapshot.takenAt)
          if (snapshot.frozen) clock.freeze()
          await putBack(snapshot)
        }),
    }),
  }
}
