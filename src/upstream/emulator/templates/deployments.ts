import type { Call } from '../call.ts'
import { isOwn } from '../crud.ts'
import { type JsonObject, objectOf, textOf, textsOf } from '../json.ts'
import type { Entry, Objects } from '../state.ts'
import { type Asset, assetKinds } from './assets.ts'

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

/** An asset made by any template in the account group that the strategy takes for the same; others do not count (document). */
export function twinOf({ kind, config }: Asset, call: Call): string | undefined {
  const { isSame } = kind
  if (!isSame) return undefined
  const made = call.state
    .all(collection)
    .filter((one) => isOwn(one, call))
    .flatMap(({ fields }) => textsOf(objectOf(fields['made'])[kind.section]))
  return made.find((id) => {
    const entry = call.state.find(kind.collection, id)
    return entry !== undefined && isSame(entry, config)
  })
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

/** Keeps what was deployed. */
export function keepDeployment(
  { entry }: Deployment,
  { templateId, name, assets }: { templateId: string; name: string; assets: ReadonlyMap<Asset, string> },
  { state, caller, aid }: Call,
): void {
  const kept = [...assets].map(([asset, id]) => [keyOf(asset), { id, config: asset.config }] as const)
  const made: Record<string, readonly string[]> = {}
  for (const [{ kind }, id] of assets) {
    const before = made[kind.section] ?? textsOf(objectOf(entry?.fields['made'])[kind.section])
    made[kind.section] = [...new Set([...before, id])]
  }
  state.put({
    collection,
    id: entry?.id ?? state.nextId({ name: 'templateDeployments', first: 1 }),
    orgId: caller.orgId,
    aid,
    fields: {
      templateId,
      name,
      assets: { ...objectOf(entry?.fields['assets']), ...Object.fromEntries(kept) },
      made: { ...objectOf(entry?.fields['made']), ...made },
    },
  })
}
