import type { Call } from '../call.ts'
import { isOwn } from '../crud.ts'
import { type JsonObject, objectOf, textOf, textsOf } from '../json.ts'
import type { Entry, Objects } from '../state.ts'
import { type Asset, type AssetKind, assetKinds, identityOf } from './asset-kinds.ts'

/** What a template was deployed to under one name, kept for the next time that it is. */
export interface Deployment {
  readonly entry: Entry | undefined
  /** The asset that the last deployment left under the key, with the configuration that it had then. */
  previous(asset: Asset): { readonly id: string; readonly config: JsonObject } | undefined
}

const collection = 'template-deployments'
const keyOf = ({ kind, key }: Asset): string => `${kind.section}.${key}`

/**
 * The last deployment of a template. Deployments of another name are others: the document compares by asset keys alone and does
 * not speak of names, but a template that is deployed site by site would otherwise rewrite the rules of the first site.
 */
export function lastDeployment(templateId: string, name: string, call: Call): Deployment {
  const entry = call.state
    .all(collection)
    .find((one) => isOwn(one, call) && one.fields['templateId'] === templateId && one.fields['name'] === name)
  const assets = objectOf(entry?.fields['assets'])
  return {
    entry,
    previous(asset) {
      const { id, config } = objectOf(assets[keyOf(asset)])
      return textOf(id) === undefined || !call.state.find(asset.kind.collection, String(id))
        ? undefined
        : { id: String(id), config: objectOf(config) }
    },
  }
}

/** Finds the asset that a deployment strategy takes for the same. */
export type Twins = (asset: Asset) => string | undefined

/** Those made by any template in the account group before the call; others do not count (document). */
export function twinsIn(call: Call): Twins {
  const kinds = new Map<AssetKind, ReadonlyMap<string | undefined, readonly string[]>>()
  const made = call.state.all(collection).filter((one) => isOwn(one, call))
  const identityIn = (kind: AssetKind, id: string): string | undefined => {
    const entry = call.state.find(kind.collection, id)
    return entry && identityOf(kind, entry.fields)
  }
  const byIdentity = (kind: AssetKind): ReadonlyMap<string | undefined, readonly string[]> => {
    const ids = made.flatMap(({ fields }) => textsOf(objectOf(fields['made'])[kind.section]))
    return Map.groupBy(new Set(ids), (id) => identityIn(kind, id))
  }
  return ({ kind, config }) => {
    const identity = identityOf(kind, kind.request(config))
    if (identity === undefined) return undefined
    const known = kinds.get(kind) ?? byIdentity(kind)
    kinds.set(kind, known)
    return known.get(identity)?.find((id) => identityIn(kind, id) === identity)
  }
}

/**
 * A template that is deleted leaves its assets, and they stay made by a template: other templates take them over by it. What is kept
 * beside that goes, and all of it when none of the assets is left.
 */
export function forgetDeployments(templateId: string, { state }: Call): void {
  const ofNoOther = ({ fields }: Entry): boolean => (fields['templateId'] ?? templateId) === templateId
  for (const entry of state.all(collection).filter(ofNoOther)) {
    const made = livingAssets(objectOf(entry.fields['made']), state)
    if (Object.keys(made).length === 0) state.remove(collection, entry.id)
    else state.put({ ...entry, fields: { made } })
  }
}

const livingAssets = (made: JsonObject, state: Objects): JsonObject =>
  Object.fromEntries(
    assetKinds.flatMap((kind) => {
      const ids = textsOf(made[kind.section]).filter((id) => state.find(kind.collection, id))
      return ids.length === 0 ? [] : [[kind.section, ids]]
    }),
  )

type Placed = ReadonlyMap<Asset, string>

/** What a template made of the kind; an asset that it named by its id was there before. */
const idsOf = (kind: AssetKind, placed: Placed): readonly string[] =>
  [...placed].flatMap(([asset, id]) =>
    asset.kind === kind && !Object.hasOwn(asset.config, kind.idKey) ? [id] : [],
  )

/** The assets that the last deployment left, as far as they are still there. */
const livingConfigs = (assets: JsonObject, state: Objects): JsonObject =>
  Object.fromEntries(
    Object.entries(assets).filter(([key, asset]) => {
      const kind = assetKinds.find(({ section }) => key.startsWith(`${section}.`))
      return kind !== undefined && state.find(kind.collection, String(objectOf(asset)['id']))
    }),
  )

/** Keeps what was deployed, beside what is left of earlier deployments. */
export function keepDeployment(
  { entry }: Deployment,
  { templateId, name, assets }: { templateId: string; name: string; assets: Placed },
  { state, caller, aid }: Call,
): void {
  const kept = [...assets].map(([asset, id]) => [keyOf(asset), { id, config: asset.config }] as const)
  const before = livingAssets(objectOf(entry?.fields['made']), state)
  const made = assetKinds.flatMap((kind) => {
    const ids = new Set([...textsOf(before[kind.section]), ...idsOf(kind, assets)])
    return ids.size === 0 ? [] : [[kind.section, [...ids]] as const]
  })
  state.put({
    collection,
    id: entry?.id ?? state.nextId({ name: 'templateDeployments', first: 1 }),
    orgId: caller.orgId,
    aid,
    fields: {
      templateId,
      name,
      assets: { ...livingConfigs(objectOf(entry?.fields['assets']), state), ...Object.fromEntries(kept) },
      made: Object.fromEntries(made),
    },
  })
}
