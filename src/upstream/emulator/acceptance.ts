/** What a create or an update would store: what was given over defaults or what is stored, as the family and the rules have it. */
import type { Call } from './call.ts'
import type { JsonObject } from './json.ts'
import { defaultsOf, suppliedFields } from './project.ts'
import { invalid, isV7Refusal, type V7Refusal } from './refusals.ts'
import { contradictionsIn, givenOver } from './rules/rules.ts'
import type { Entry } from './state.ts'

/** A create or update that is about to be stored. */
export interface Acceptance {
  readonly call: Call
  /** What the request gave, without read-only and unknown keys. */
  readonly supplied: JsonObject
  /** Supplied keys over the stored ones, or over the document's defaults on a create. */
  readonly merged: JsonObject
  /** The object that is updated; undefined on a create. */
  readonly stored: Entry | undefined
}

/** The fields of an object as they are stored. */
export interface Accepted {
  readonly fields: JsonObject
}

/** What a family makes of a create or an update. */
export interface Accepting {
  /** The fields to store, or why they are refused. Left out, the merged fields are stored. */
  readonly accept?: (acceptance: Acceptance) => Accepted | V7Refusal
  /** Runs on accepted fields that break no rule: refuses what may not stand beside other objects, and adds what is counted. */
  readonly admit?: (fields: JsonObject, acceptance: Acceptance) => Accepted | V7Refusal
}

/** @param stored the object that is updated; undefined on a create */
export function acceptedBy(family: Accepting, call: Call, stored: Entry | undefined): Accepted | V7Refusal {
  const { model, row, body } = call
  const name = row.body?.schema ?? ''
  const schema = model.schema(name)
  const supplied = suppliedFields(model, schema, body)
  const under = stored?.fields ?? defaultsOf(model, schema)
  const merged = givenOver(model, name, { under, given: supplied })
  const acceptance = { call, supplied, merged, stored }
  const accepted = family.accept?.(acceptance) ?? { fields: merged }
  if (isV7Refusal(accepted)) return accepted
  const wrong = contradictionsIn(model, name, accepted.fields)
  return wrong.length > 0 ? invalid(wrong) : (family.admit?.(accepted.fields, acceptance) ?? accepted)
}
