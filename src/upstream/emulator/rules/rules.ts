/**
 * Rules between the fields of an object (config/v7/rules.yaml), found where their schemas stand in a request. They are judged on
 * what is about to be stored, and on what seeds store.
 */
import { isJsonObject, type Json, type JsonObject, listOf, objectOf } from '../json.ts'
import type { Model, Schema } from '../model.ts'
import type { Violation } from '../refusals.ts'
import { holds, valuesAt } from './judgements.ts'
import type { Rule } from './rule-file.ts'

/** Where a schema with rules stands in a body; `*` is every element of a list. */
interface Place {
  readonly path: readonly string[]
  readonly rules: readonly Rule[]
}

/** What the walk through a schema carries along. */
interface Walk {
  readonly model: Model
  readonly path: readonly string[]
  /** The names of the schemas around, so that one that holds itself ends the walk. */
  readonly around: readonly string[]
}

function placesBelow(schema: Schema, walk: Walk): readonly Place[] {
  const { model, path, around } = walk
  if (schema.readOnly) return []
  if (schema.ref !== undefined) return placesOfSchema(schema.ref, walk)
  const at = (step: string): Walk => ({ model, path: [...path, step], around })
  return [
    ...Object.entries(schema.properties ?? {}).flatMap(([key, one]) => placesBelow(one, at(key))),
    ...(schema.items ? placesBelow(schema.items, at('*')) : []),
  ]
}

function placesOfSchema(name: string, walk: Walk): readonly Place[] {
  const { model, path, around } = walk
  if (around.includes(name)) return []
  const rules = model.rules().filter(({ schemas }) => schemas.includes(name))
  const schema = model.schemas()[name]
  return [
    ...(rules.length > 0 ? [{ path, rules }] : []),
    ...(schema ? placesBelow(schema, { ...walk, around: [...around, name] }) : []),
  ]
}

const known = new WeakMap<Model, Map<string, readonly Place[]>>()

function placesIn(model: Model, name: string): readonly Place[] {
  const places = known.get(model) ?? new Map<string, readonly Place[]>()
  known.set(model, places)
  const found = places.get(name) ?? placesOfSchema(name, { model, path: [], around: [] })
  places.set(name, found)
  return found
}

const applies = ({ when = {}, unless }: Rule, fields: JsonObject): boolean =>
  holds(when, fields) && !(unless && holds(unless, fields))

/** The objects at a path, each with what stands before its fields, as `requests[0].`. */
function objectsAt(
  value: Json | undefined,
  [step, ...rest]: readonly string[],
  place: string,
): readonly (readonly [place: string, fields: JsonObject])[] {
  if (step === undefined) return isJsonObject(value) ? [[place === '' ? '' : `${place}.`, value]] : []
  if (step === '*') return listOf(value).flatMap((one, index) => objectsAt(one, rest, `${place}[${index}]`))
  return objectsAt(objectOf(value)[step], rest, place === '' ? step : `${place}.${step}`)
}

function brokenBy(rule: Rule, place: string, fields: JsonObject): readonly Violation[] {
  if (!applies(rule, fields)) return []
  const [value] = valuesAt(fields, rule.field.split('.'))
  const wrong = rule.judge(value, fields)
  if (!wrong) return []
  const element = wrong.index === undefined ? '' : `[${wrong.index}]`
  return [{ field: `${place}${rule.field}${element}`, message: wrong.message }]
}

/** @param schema the name of the one that a request for the object has @returns what breaks a rule */
export const contradictionsIn = (model: Model, schema: string, fields: JsonObject): readonly Violation[] =>
  placesIn(model, schema).flatMap(({ path, rules }) =>
    objectsAt(fields, path, '').flatMap(([place, object]) =>
      rules.flatMap((rule) => brokenBy(rule, place, object)),
    ),
  )

const defaultOf = (model: Model, schema: string, field: string): Json | undefined => {
  const property = model.properties(model.resolve(model.schema(schema)))[field]
  return property && model.resolve(property).default
}

/**
 * What is given, over defaults or what is stored. Defaults that nobody asked for give way where a rule leaves one value, or a
 * largest one (ours, DECISIONS 143).
 */
export function givenOver(
  model: Model,
  schema: string,
  { under, given }: { readonly under: JsonObject; readonly given: JsonObject },
): JsonObject {
  const fields = { ...under, ...given }
  const rules = placesIn(model, schema).flatMap((place) => (place.path.length === 0 ? place.rules : []))
  const changed = rules.flatMap((rule): readonly (readonly [string, Json])[] => {
    const { field, keeper } = rule
    const isAsked = given[field] !== undefined || fields[field] === undefined
    if (!keeper || isAsked || brokenBy(rule, '', fields).length === 0) return []
    const kept = fields[field] === defaultOf(model, schema, field) ? keeper(fields) : undefined
    return kept === undefined ? [] : [[field, kept]]
  })
  return changed.length === 0 ? fields : { ...fields, ...Object.fromEntries(changed) }
}
