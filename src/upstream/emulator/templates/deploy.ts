/**
 * Deploys a template: makes the labels, tags, tests, endpoint tests, alert rules, dashboard filters and dashboards that it
 * describes, in this order, or none when one is refused.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Call } from '../call.ts'
import { assign, givenAssignments } from '../families/tag-assignments.ts'
import { HandlebarsError } from '../handlebars/handlebars.ts'
import type { Budget } from '../handlebars/render.ts'
import { type JsonObject, objectOf, own, textOf, without } from '../json.ts'
import { invalidField, isV7Refusal, type V7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { type Asset, type AssetKind, assetKinds, type Section } from './asset-kinds.ts'
import type { Write } from './assets.ts'
import { type Deployment, keepDeployment, lastDeployment, type Twins, twinsIn } from './deployments.ts'
import { type Context, fill } from './fill.ts'
import { maskedAsset, withoutSecrets, withSecrets } from './secrets.ts'
import { inputValues } from './user-inputs.ts'

/** The template with the assets that were deployed in the place of those that it describes. */
export interface Deployed {
  readonly sections: JsonObject
}

/**
 * How long all that a deployment fills may be together, as JSON about: as much as one request may bring; and how many steps its
 * expressions may take. Ours.
 */
const most: Budget = { characters: 1_048_576, steps: 100_000 }

/** How many assets a deployment may make: it holds the other writes of its region meanwhile. Ours (DECISIONS 137). */
const mostAssets = 1_000

/** The assets of each kind that a deployment includes, with their keys, before their placeholders are filled in. */
type Described = ReadonlyMap<AssetKind, readonly (readonly [key: string, raw: JsonObject])[]>

/** The assets of a section that are made, by their keys. */
type Made = Record<string, JsonObject>

interface Run {
  readonly call: Call
  readonly template: JsonObject
  readonly described: Described
  readonly last: Deployment
  readonly twins: Twins
  readonly write: Write
  /** What any asset may refer to. */
  readonly values: Context
  /** What assets of other sections may: grows as they are made. */
  readonly made: Map<Section, Made>
  /** What may still be filled. */
  readonly budget: Budget
}

/** The tag that is to be assigned, and to what. */
interface TagAssignments {
  readonly field: string
  readonly tag: Entry
  readonly raw: JsonObject
}

/** What an asset may refer to by these sections, which may be left out (document). Secrets are filled into tests alone. */
function contextOf(sections: readonly Section[], { values, made }: Run, isTest: boolean): Context {
  const named = [...made].filter(([section]) => sections.includes(section))
  const byKey = named.flatMap(([, assets]) => Object.entries(assets))
  const assets = Object.fromEntries([...byKey, ...named])
  const open: JsonObject = { ...assets, ...values.open }
  return isTest
    ? { open, whole: { ...assets, ...values.whole }, secret: { ...assets, ...values.secret } }
    : { open, whole: open, secret: open }
}

/** Fills one asset, as far as there is time in a turn of the event loop, so that other calls are answered in between. */
async function filled(
  field: string,
  raw: JsonObject,
  { context, budget }: { context: Context; budget: Budget },
): Promise<{ readonly config: JsonObject } | V7Refusal> {
  const filling = fill(raw, context, budget)
  try {
    for (;;) {
      const { done, value } = filling.next()
      if (done) return { config: objectOf(value) }
      await nextTurn()
    }
  } catch (error) {
    if (error instanceof HandlebarsError) return invalidField(field, error.message)
    throw error
  }
}

const isUnchanged = (previous: JsonObject, config: JsonObject): boolean =>
  JSON.stringify(previous) === JSON.stringify(config)

const idOf = ({ kind, config }: Asset): string | undefined => {
  const id = own(config, kind.idKey)
  return id === undefined ? undefined : String(id)
}

/**
 * The id of the asset: an existing one that is named, left as it is, taken over or changed, or a new one (official document,
 * `deploymentStrategy` and the considerations of the operation).
 */
async function place(asset: Asset, run: Run): Promise<{ readonly id: string } | V7Refusal> {
  const { call, template, last, twins, write } = run
  const { kind, key, config } = asset
  const named = idOf(asset)
  if (named !== undefined) return write({ ...asset, config: without(config, [kind.idKey]) }, call, named)
  const previous = last.previous(asset)
  if (previous && isUnchanged(previous.config, config)) return previous
  const strategy = textOf(own(objectOf(template['deploymentStrategy']), key)) ?? 'create'
  const twin = strategy === 'create' ? undefined : twins(asset)
  if (twin !== undefined) return strategy === 'ignore' ? { id: twin } : write(asset, call, twin)
  if (previous && !kind.isMadeAnew) return write(asset, call, previous.id)
  // v7 itself lets no test, tag or filter have a twin.
  return kind.isUnique && twins(asset) !== undefined
    ? invalidField(`${kind.section}.${key}.${kind.sameIn?.at(-1)}`, 'One of this name was deployed already.')
    : write(asset, call)
}

/** What the deployment includes: overrides go over the template's assets, key by key. */
function describedIn(template: JsonObject, body: JsonObject): Described {
  const inclusion = { ...objectOf(template['resourceInclusion']), ...objectOf(body['resourceInclusion']) }
  const assetsOf = ({ section }: AssetKind) =>
    Object.entries(objectOf(template[section]))
      .filter(([key]) => own(inclusion, key) !== 'skipped')
      .map(([key, raw]) => {
        const override = objectOf(own(objectOf(body[section]), key))
        return [key, { ...objectOf(raw), ...objectOf(withSecrets(override, raw)) }] as const
      })
  return new Map(assetKinds.map((kind) => [kind, assetsOf(kind)]))
}

/** What the tags that were placed are to be assigned to, as the template has it. */
function assignmentsOf(run: Run, placed: ReadonlyMap<Asset, string>): readonly TagAssignments[] {
  const tags = assetKinds.find(({ section }) => section === 'tags')
  const raws = new Map(tags && run.described.get(tags))
  return [...placed].flatMap(([{ kind, key }, id]) => {
    const tag = kind === tags ? run.call.state.find(kind.collection, id) : undefined
    const { assignments } = raws.get(key) ?? {}
    return tag && assignments !== undefined ? [{ field: `tags.${key}`, tag, raw: { assignments } }] : []
  })
}

/** Tags are assigned when everything that they may be assigned to is there. */
async function assignTags(run: Run, placed: ReadonlyMap<Asset, string>): Promise<V7Refusal | undefined> {
  const sections = assetKinds.map(({ section }) => section)
  const context = contextOf(sections, run, false)
  for (const { field, tag, raw } of assignmentsOf(run, placed)) {
    const result = await filled(field, raw, { context, budget: run.budget })
    if (isV7Refusal(result)) return result
    const wanted = givenAssignments(result.config, tag)
    const done = tag.fields['type'] === 'dynamic' ? [] : assign(tag, wanted, run.call)
    if (done.length < wanted.length)
      return invalidField(`${field}.assignments`, 'The tag does not fit all of these, or some are not there.')
    await nextTurn()
  }
  return undefined
}

/** The section whose assets are too many together with those before them. */
function wrongCount(described: Described): V7Refusal | undefined {
  let count = 0
  for (const [kind, assets] of described) {
    count += assets.length
    if (count > mostAssets)
      return invalidField(kind.section, `makes more than ${mostAssets} assets in one deployment.`)
  }
  return undefined
}

/** Makes one asset after the other, each in a turn of the event loop, so that other calls are answered in between. */
async function placeAll(run: Run): Promise<ReadonlyMap<Asset, string> | V7Refusal> {
  const placed = new Map<Asset, string>()
  for (const [kind, assets] of run.described) {
    const context = contextOf(kind.refersTo, run, kind.isMadeAnew === true)
    // Without a prototype, so that an asset may be called as what objects inherit.
    const made: Made = Object.create(null)
    for (const [key, raw] of assets) {
      const { budget } = run
      const result = await filled(`${kind.section}.${key}`, without(raw, ['assignments']), {
        context,
        budget,
      })
      if (isV7Refusal(result)) return result
      const asset = { kind, key, config: result.config }
      const done = await place(asset, run)
      if (isV7Refusal(done)) return done
      placed.set(asset, done.id)
      made[key] = { ...objectOf(withoutSecrets(asset.config)), [kind.idKey]: done.id }
      await nextTurn()
    }
    run.made.set(kind.section, made)
  }
  return placed
}

/** What was made, as the answer shows it in the sections of the template. */
function sectionsOf(placed: ReadonlyMap<Asset, string>): JsonObject {
  const shown = Map.groupBy(placed, ([{ kind }]) => kind)
  return Object.fromEntries(
    [...shown].map(([{ section, idKey }, assets]) => [
      section,
      Object.fromEntries(
        assets.map(([{ key, config }, id]) => [key, { ...maskedAsset(config), [idKey]: id }]),
      ),
    ]),
  )
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
  const values: Context = {
    open: { name, userInputs: inputs.open },
    whole: { name, userInputs: inputs.whole },
    secret: { name, userInputs: inputs.values },
  }
  const last = lastDeployment(template.id, name, call)
  const twins = twinsIn(call)
  const described = describedIn(template.fields, body)
  const tooMany = wrongCount(described)
  if (tooMany) return tooMany
  const run: Run = {
    call,
    template: template.fields,
    described,
    last,
    twins,
    write,
    values,
    made: new Map(),
    budget: { ...most },
  }
  const placed = await placeAll(run)
  if (isV7Refusal(placed)) return placed
  const refusal = await assignTags(run, placed)
  if (refusal) return refusal
  keepDeployment(last, { templateId: template.id, name, assets: placed }, call)
  await nextTurn()
  return { sections: sectionsOf(placed) }
}
