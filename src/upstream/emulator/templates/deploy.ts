/**
 * Deploys a template: makes the tags, tests, alert rules, dashboard filters and dashboards that it describes, in this order,
 * or none when one is refused. Labels, which v7 does not have, and endpoint tests are passed over.
 */
import type { Call } from '../call.ts'
import { assign, givenAssignments } from '../families/tag-assignments.ts'
import { type JsonObject, objectOf, textOf, without } from '../json.ts'
import { invalidField, isV7Refusal, refused, type V7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { type Asset, type AssetKind, assetKinds, type Write } from './assets.ts'
import { type Deployment, keepDeployment, lastDeployment, twinOf } from './deployments.ts'
import { danglingIn, fill, filledLength, nonPathsIn } from './placeholders.ts'
import { inputValues } from './user-inputs.ts'

/** The template with the assets that were deployed in the place of those that it describes. */
export interface Deployed {
  readonly sections: JsonObject
}

/** What assets may refer to: grows as they are made. */
type Context = Record<string, JsonObject | string>

/** How long all that a deployment fills may be together, as JSON about: as much as one request may bring. Ours. */
const mostFilled = 1_048_576

interface Run {
  readonly call: Call
  readonly template: JsonObject
  readonly last: Deployment
  readonly context: Context
  readonly write: Write
  /** What was filled so far. */
  readonly filled: { length: number }
}

/** Fills the placeholders of one asset. */
function filled(
  field: string,
  raw: JsonObject,
  { context, filled: all }: Run,
): { readonly config: JsonObject } | V7Refusal {
  const [expression] = nonPathsIn(raw)
  if (expression !== undefined)
    return refused(
      'not_emulated',
      `${field}: {{${expression}}} is a Handlebars helper, which is not emulated yet.`,
    )
  const [dangling] = danglingIn(raw, context)
  if (dangling !== undefined) return invalidField(field, `{{${dangling}}} leads to nothing.`)
  all.length += filledLength(raw, context, mostFilled - all.length)
  if (all.length > mostFilled)
    return invalidField(field, `makes the deployment longer than ${mostFilled} characters.`)
  return { config: objectOf(fill(raw, context)) }
}

const isUnchanged = (previous: JsonObject, config: JsonObject): boolean =>
  JSON.stringify(previous) === JSON.stringify(config)

/** Why `create` makes no second one. v7 itself lets no test, tag or filter have a twin. */
const duplicateOf = (asset: Asset, call: Call): V7Refusal | undefined =>
  asset.kind.section === 'dashboards' && twinOf(asset, call) !== undefined
    ? invalidField(`dashboards.${asset.key}.title`, 'A dashboard of this title was deployed already.')
    : undefined

/**
 * The id of the asset: an existing one that is named, left as it is, taken over or changed, or a new one (official document,
 * `deploymentStrategy` and the considerations of the operation).
 */
async function place(
  asset: Asset,
  { call, template, last, write }: Run,
): Promise<{ readonly id: string } | V7Refusal> {
  const { kind, key, config } = asset
  const named = kind.section === 'tests' ? config['testId'] : undefined
  if (named !== undefined) return write(asset, call, String(named))
  const previous = last.previous(asset)
  if (previous && isUnchanged(previous.config, config)) return previous
  const strategy = textOf(objectOf(template['deploymentStrategy'])[key]) ?? 'create'
  const twin = strategy === 'create' ? undefined : twinOf(asset, call)
  if (twin !== undefined) return strategy === 'ignore' ? { id: twin } : write(asset, call, twin)
  if (previous && kind.section !== 'tests') return write(asset, call, previous.id)
  return duplicateOf(asset, call) ?? write(asset, call)
}

/** The assets of one kind that the deployment includes: overrides go over the template's, key by key. */
function described(kind: AssetKind, { call, template }: Run): readonly (readonly [string, JsonObject])[] {
  const { [kind.section]: given, resourceInclusion } = objectOf(call.body)
  const inclusion = { ...objectOf(template['resourceInclusion']), ...objectOf(resourceInclusion) }
  return Object.entries(objectOf(template[kind.section]))
    .filter(([key]) => inclusion[key] !== 'skipped')
    .map(([key, raw]) => [key, { ...objectOf(raw), ...objectOf(objectOf(given)[key]) }] as const)
}

/** Tags are assigned when everything that they may be assigned to is there. */
function assignTags(run: Run, placed: ReadonlyMap<Asset, string>): V7Refusal | undefined {
  const [tags] = assetKinds
  const raws = new Map(tags ? described(tags, run) : [])
  for (const [{ kind, key }, id] of placed) {
    const tag = kind.section === 'tags' ? run.call.state.find('tags', id) : undefined
    const { assignments } = raws.get(key) ?? {}
    if (!tag || assignments === undefined) continue
    const result = filled(`tags.${key}`, { assignments }, run)
    if (isV7Refusal(result)) return result
    assign(tag, givenAssignments(result.config, tag), run.call)
  }
  return undefined
}

async function placeAll(run: Run): Promise<ReadonlyMap<Asset, string> | V7Refusal> {
  const placed = new Map<Asset, string>()
  for (const kind of assetKinds)
    for (const [key, raw] of described(kind, run)) {
      const result = filled(`${kind.section}.${key}`, without(raw, ['assignments']), run)
      if (isV7Refusal(result)) return result
      const asset = { kind, key, config: result.config }
      const done = await place(asset, run)
      if (isV7Refusal(done)) return done
      placed.set(asset, done.id)
      const shown = { ...asset.config, [kind.idKey]: done.id }
      run.context[kind.section] = { ...objectOf(run.context[kind.section]), [key]: shown }
    }
  return placed
}

/** @returns what stands now in the sections of the template, or why nothing was deployed */
export async function deployTemplate(
  template: Entry,
  call: Call,
  write: Write,
): Promise<Deployed | V7Refusal> {
  const body = objectOf(call.body)
  const inputs = inputValues(template.fields, objectOf(body['userInputValues']))
  if (isV7Refusal(inputs)) return inputs
  const name = textOf(body['name']) ?? textOf(template.fields['name']) ?? ''
  const context: Context = { name, userInputs: inputs.values }
  const last = lastDeployment(template.id, name, call)
  const run: Run = { call, template: template.fields, last, context, write, filled: { length: 0 } }
  const placed = await placeAll(run)
  if (isV7Refusal(placed)) return placed
  const refusal = assignTags(run, placed)
  if (refusal) return refusal
  keepDeployment(last, { templateId: template.id, name, assets: placed }, call)
  return { sections: without(context as JsonObject, ['name', 'userInputs']) }
}
