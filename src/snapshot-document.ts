import { z } from 'zod'
import type { TokenLifetimes } from '#domain/integration.ts'
import type { OwnLifetimes } from '#integrations/store-integrations.ts'
import { parseKeyMaterial } from '#secrets/key-file.ts'
import type { KeyMaterial } from '#secrets/secrets.ts'
import type { StoreImage } from '#store/images.ts'

/** All that a workspace is at one moment, to be put back later. */
export interface Snapshot {
  readonly image: StoreImage
  /** Records are found by keyed hashes and sealed, so they belong to their keys. */
  readonly material: KeyMaterial
  /** Epoch ms, on the workspace's clock. */
  readonly takenAt: number
  readonly frozen: boolean
  readonly lifetimes: OwnLifetimes
}

/** As the control API takes them. */
const seconds = z
  .int()
  .min(1)
  .max(36_500 * 86_400)
const document = z.strictObject({
  panoptes: z.literal('snapshot'),
  schema: z.literal(1),
  takenAt: z.iso.datetime(),
  frozen: z.boolean(),
  keys: z.unknown(),
  lifetimes: z.record(
    z.string(),
    z
      .strictObject({ accessSeconds: seconds, idleSeconds: seconds, absoluteSeconds: seconds })
      .refine(
        ({ accessSeconds, idleSeconds, absoluteSeconds }) =>
          accessSeconds <= idleSeconds && idleSeconds <= absoluteSeconds,
        'access <= idle <= absolute does not hold',
      ),
  ),
  records: z.array(
    z.strictObject({
      key: z.string().min(1),
      value: z.string(),
      expiresAt: z.int(),
      indexes: z.array(z.string()),
    }),
  ),
})

/** The snapshot as JSON to keep in a file. It holds the keys: whoever has it can read every token in it. */
export const snapshotDocument = ({ image, material, takenAt, frozen, lifetimes }: Snapshot): object => ({
  panoptes: 'snapshot',
  schema: 1,
  takenAt: new Date(takenAt).toISOString(),
  frozen,
  keys: material,
  lifetimes: Object.fromEntries(lifetimes),
  records: image,
})

function repeatedKey(records: readonly { readonly key: string }[]): string | undefined {
  const seen = new Set<string>()
  return records.find(({ key }) => seen.size === seen.add(key).size)?.key
}

/** @returns the snapshot, or in words what is wrong: the key, what was found, what is allowed */
export function parseSnapshot(found: unknown): Snapshot | string {
  const parsed = document.safeParse(found)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    return `${issue?.path.join('.') || 'snapshot'}: ${issue?.message ?? 'not a snapshot of this version'}; allowed is a document that this API gave out`
  }
  const { takenAt, frozen, keys, lifetimes, records } = parsed.data
  const twice = repeatedKey(records)
  if (twice !== undefined) return `records: found ${JSON.stringify(twice)} twice; allowed is each key once`
  const material = parseKeyMaterial(keys)
  if (typeof material === 'string') return `keys.${material}; allowed is a document that this API gave out`
  return {
    image: Object.freeze(records.map((record) => Object.freeze(record))),
    material,
    takenAt: Date.parse(takenAt),
    frozen,
    lifetimes: new Map<string, TokenLifetimes>(Object.entries(lifetimes)),
  }
}
