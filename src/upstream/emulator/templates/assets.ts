import { setImmediate as nextTurn } from 'node:timers/promises'
import type { OperationRow } from '#upstream/operation-rows.ts'
import type { Answerer, Answerers, Call } from '../call.ts'
import { alertRules } from '../families/alert-rules.ts'
import { dashboardFilters } from '../families/dashboard-filters.ts'
import { dashboards } from '../families/dashboards.ts'
import { endpointTests } from '../families/endpoint-tests.ts'
import { tags } from '../families/tags.ts'
import { tests } from '../families/tests.ts'
import { type JsonObject, objectOf } from '../json.ts'
import type { Model } from '../model.ts'
import { invalid, invalidField, isV7Refusal, refused, type V7Refusal } from '../refusals.ts'
import { violationsOf } from '../validate.ts'
import type { Asset } from './asset-kinds.ts'
import { coerceObject } from './coerce.ts'
import { writeLabel } from './labels.ts'

type Written = { readonly id: string } | V7Refusal

/** Creates the asset, or changes the one of the id. @returns its id, or why the v7 operation refuses it */
export type Write = (asset: Asset, call: Call, id?: string) => Promise<Written>

/** The refusal of an operation inside of a deployment, with the asset in front of its fields. */
function within({ kind, key }: Asset, refusal: V7Refusal): V7Refusal {
  const asset = `${kind.section}.${key}`
  if (refusal.code === 'not_found') return invalidField(`${asset}.${kind.idKey}`, 'There is no such asset.')
  return refusal.violations
    ? invalid(refusal.violations.map((one) => ({ ...one, field: `${asset}.${one.field}` })))
    : { ...refusal, description: `${asset}: ${refusal.description}` }
}

/** The create at the asset's place, and the update of its items. */
interface Rows {
  readonly create: OperationRow
  readonly update: OperationRow
}

function rowsOf(model: Model, { kind, config }: Asset): Rows | undefined {
  const path = kind.path(config)
  if (path === undefined) return undefined
  const isItem = (rest: string): boolean => /^\/\{\w+\}$/.test(rest)
  const create = model.row('POST', path)
  const update = model.rows.find(
    ({ method, path: place }) =>
      (method === 'PUT' || method === 'PATCH') && place.startsWith(path) && isItem(place.slice(path.length)),
  )
  return create && update && { create, update }
}

/**
 * The operation that writes the asset. A partial update takes less than a create; what a template describes is the whole object,
 * so that all of it is written.
 */
const rowFor = ({ create, update }: Rows, id: string | undefined): OperationRow => {
  if (id === undefined) return create
  return update.method === 'PATCH' && create.body ? { ...update, body: create.body } : update
}

/** The body of the operation, or why this caller may not send it. Large ones are work for more than a turn of the event loop. */
async function bodyOf(
  config: JsonObject,
  row: OperationRow,
  { model, permissions, caller, aid }: Call,
): Promise<{ readonly body: JsonObject } | V7Refusal> {
  const missing = permissions.missing(row, caller.permissionsIn(aid))
  if (missing !== undefined) return refused('forbidden', `the role lacks "${missing}".`)
  const schema = model.schema(row.body?.schema ?? '')
  const body = coerceObject(model, schema, config)
  await nextTurn()
  const wrong = violationsOf(model, schema, body)
  await nextTurn()
  return wrong.length > 0 ? invalid(wrong) : { body }
}

/** Writes assets through the operations that a client would use, with their checks of roles and fields. */
export function assetWriter(model: Model): Write {
  const answerers: Answerers = {
    ...tags(model),
    ...tests(model),
    ...endpointTests(model),
    ...alertRules(model),
    ...dashboardFilters(model),
    ...dashboards(model),
  }

  async function send(
    config: JsonObject,
    row: OperationRow,
    { call, kind, id }: { call: Call; kind: Asset['kind']; id?: string | undefined },
  ): Promise<Written> {
    const request = await bodyOf(config, row, call)
    if (isV7Refusal(request)) return request
    const parameters = id === undefined ? {} : { [row.parameters[0] ?? 'id']: id }
    const answerer = answerers[row.id] as Answerer
    const answer = await answerer({ ...call, ...request, row, parameters, expand: new Set() })
    return isV7Refusal(answer) ? answer : { id: String(objectOf(answer.body)[kind.idKey]) }
  }

  async function writeObject(asset: Asset, rows: Rows, { call, id }: { call: Call; id: string | undefined }) {
    const { kind, config } = asset
    const wrong = kind.mistakes?.(config) ?? []
    if (wrong.length > 0) return invalid(wrong)
    const written = await send(kind.request(config), rowFor(rows, id), { call, kind, id })
    if (isV7Refusal(written)) return written
    const change = kind.change?.(config)
    const changed = change ? await send(change, rows.update, { call, kind, id: written.id }) : written
    if (isV7Refusal(changed)) return changed
    const entry = call.state.find(kind.collection, written.id)
    return (entry && kind.relate?.(entry, config, call)) ?? written
  }

  return async (asset, call, id) => {
    const { kind, config } = asset
    const rows = rowsOf(model, asset)
    if (!rows) return within(asset, invalidField(kind.typeKey ?? 'type', 'is no type of asset.'))
    if (kind.section !== 'labels') {
      const written = await writeObject(asset, rows, { call, id })
      return isV7Refusal(written) ? within(asset, written) : written
    }
    const missing = call.permissions.missing(rows.create, call.caller.permissionsIn(call.aid))
    const written =
      missing === undefined
        ? writeLabel(config, call, id)
        : refused('forbidden', `the role lacks "${missing}".`)
    return isV7Refusal(written) ? within(asset, written) : written
  }
}
