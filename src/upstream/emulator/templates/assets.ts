import type { OperationRow } from '#upstream/operation-rows.ts'
import type { Answerer, Answerers, Call } from '../call.ts'
import { alertRules } from '../families/alert-rules.ts'
import { dashboardFilters } from '../families/dashboard-filters.ts'
import { dashboards } from '../families/dashboards.ts'
import { tags } from '../families/tags.ts'
import { testKindOf } from '../families/test-kinds.ts'
import { tests } from '../families/tests.ts'
import { type JsonObject, objectOf, without } from '../json.ts'
import type { Model } from '../model.ts'
import { invalid, invalidField, isV7Refusal, refused, type V7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { violationsOf } from '../validate.ts'
import { coerceObject } from './coerce.ts'
import { dashboardRequest } from './dashboard-words.ts'

/** A section of a template that is deployed, in the words of v7. */
export interface AssetKind {
  readonly section: 'tags' | 'tests' | 'alertRules' | 'dashboardFilters' | 'dashboards'
  readonly collection: string
  readonly idKey: string
  /** Where assets of the configuration are created; undefined when there is no such place. */
  readonly path: (config: JsonObject) => string | undefined
  /** From the words of templates to those of the request. */
  readonly request: (config: JsonObject) => JsonObject
  /** What a deployment strategy takes for the same asset; left out where none applies. */
  readonly isSame?: (entry: Entry, config: JsonObject) => boolean
}

const sameIn =
  (keys: readonly string[]) =>
  ({ fields }: Entry, config: JsonObject): boolean =>
    keys.every((key) => fields[key] === config[key])

/** In the order in which they may refer to each other (official document, `HandlebarsExpression`). */
export const assetKinds: readonly AssetKind[] = [
  {
    section: 'tags',
    collection: 'tags',
    idKey: 'id',
    path: () => '/tags',
    request: (config) => without(config, ['assignments']),
    isSame: sameIn(['key', 'value', 'objectType']),
  },
  {
    section: 'tests',
    collection: 'tests',
    idKey: 'testId',
    path: ({ type }) => testKindOf(type) && `/tests/${type}`,
    request: ({ tagIds, ...config }) => ({ ...config, ...(tagIds !== undefined && { tags: tagIds }) }),
    isSame: sameIn(['type', 'testName']),
  },
  {
    section: 'alertRules',
    collection: 'alert-rules',
    idKey: 'ruleId',
    path: () => '/alerts/rules',
    request: (config) => config,
  },
  {
    section: 'dashboardFilters',
    collection: 'dashboard-filters',
    idKey: 'id',
    path: () => '/dashboards/filters',
    request: (config) => config,
    isSame: sameIn(['name']),
  },
  {
    section: 'dashboards',
    collection: 'dashboards',
    idKey: 'dashboardId',
    path: () => '/dashboards',
    request: dashboardRequest,
    isSame: sameIn(['title']),
  },
]

/** An asset of a template with its placeholders filled in. */
export interface Asset {
  readonly kind: AssetKind
  readonly key: string
  readonly config: JsonObject
}

/** Creates the asset, or changes the one of the id. @returns its id, or why the v7 operation refuses it */
export type Write = (asset: Asset, call: Call, id?: string) => Promise<{ readonly id: string } | V7Refusal>

/** The refusal of an operation inside of a deployment, with the asset in front of its fields. */
function within({ kind, key }: Asset, refusal: V7Refusal): V7Refusal {
  const asset = `${kind.section}.${key}`
  if (refusal.code === 'not_found') return invalidField(`${asset}.${kind.idKey}`, 'There is no such asset.')
  return refusal.violations
    ? invalid(refusal.violations.map((one) => ({ ...one, field: `${asset}.${one.field}` })))
    : { ...refusal, description: `${asset}: ${refusal.description}` }
}

/** The create at the asset's place, or the update of its items. */
function rowOf(model: Model, { kind, config }: Asset, id: string | undefined): OperationRow | undefined {
  const path = kind.path(config)
  if (path === undefined) return undefined
  if (id === undefined) return model.row('POST', path)
  const isItem = (rest: string): boolean => /^\/\{\w+\}$/.test(rest)
  return model.rows.find(
    (row) => row.method === 'PUT' && row.path.startsWith(path) && isItem(row.path.slice(path.length)),
  )
}

/** The body of the operation, or why this caller may not send it. */
function bodyOf(
  { kind, config }: Asset,
  row: OperationRow,
  call: Call,
): { readonly body: JsonObject } | V7Refusal {
  const { model, permissions, caller, aid } = call
  const missing = permissions.missing(row, caller.permissionsIn(aid))
  if (missing !== undefined) return refused('forbidden', `the role lacks "${missing}".`)
  const schema = model.schema(row.body?.schema ?? '')
  const body = coerceObject(model, schema, kind.request(config))
  const wrong = violationsOf(model, schema, body)
  return wrong.length > 0 ? invalid(wrong) : { body }
}

/** Writes assets through the operations that a client would use, with their checks of roles and fields. */
export function assetWriter(model: Model): Write {
  const answerers: Answerers = {
    ...tags(model),
    ...tests(model),
    ...alertRules(model),
    ...dashboardFilters(model),
    ...dashboards(model),
  }
  return async (asset, call, id) => {
    const row = rowOf(model, asset, id)
    if (!row) return within(asset, invalidField('type', 'is no type of asset.'))
    const request = bodyOf(asset, row, call)
    if (isV7Refusal(request)) return within(asset, request)
    const parameters = id === undefined ? {} : { [row.parameters[0] ?? 'id']: id }
    const answerer = answerers[row.id] as Answerer
    const answer = await answerer({ ...call, ...request, row, parameters, expand: new Set() })
    if (isV7Refusal(answer)) return within(asset, answer)
    return { id: String(objectOf(answer.body)[asset.kind.idKey]) }
  }
}
