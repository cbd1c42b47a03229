import { isBgpPrefix } from '../bgp-prefix.ts'
import { isJsonObject, type Json, type JsonObject, listOf, objectOf, objectsOf, textOf } from '../json.ts'
import { invalid, type V7Refusal, type Violation } from '../refusals.ts'

const isText = (value: Json): boolean => typeof value === 'string'
const isNumber = (value: Json): boolean => typeof value === 'number'
const isBoolean = (value: Json): boolean => typeof value === 'boolean'

const listWith =
  (isItem: (item: Json) => boolean) =>
  (value: Json): boolean =>
    Array.isArray(value) && listOf(value).every(isItem)

/** An id by itself or in an object, as the document's own examples have it. */
const isIdOf =
  (key: string) =>
  (value: Json): boolean =>
    isText(value) || isNumber(value) || (isJsonObject(value) && value[key] !== undefined)

/** What each type of user input takes (official document, `UserInputType`). */
const fitting: Readonly<Record<string, (value: Json) => boolean>> = {
  string: isText,
  number: isNumber,
  boolean: isBoolean,
  'string[]': listWith(isText),
  'number[]': listWith(isNumber),
  'boolean[]': listWith(isBoolean),
  agents: listWith(isIdOf('agentId')),
  tests: listWith(isIdOf('testId')),
  bgpPrefix: (value) => isBgpPrefix(textOf(value) ?? ''),
}

const isAllowed = ({ allowedValues }: JsonObject, value: Json): boolean => {
  const allowed = new Set(objectsOf(allowedValues).map((one) => JSON.stringify(one['value'] ?? null)))
  const has = (one: Json): boolean => allowed.has(JSON.stringify(one))
  return allowed.size === 0 || has(value) || (Array.isArray(value) && listOf(value).every(has))
}

function wrongValue(input: JsonObject, value: Json | undefined): string | undefined {
  if (value === undefined) return 'is missing: the template asks for this user input.'
  const fits = fitting[textOf(input['type']) ?? '']
  if (fits && !fits(value)) return `must be a value of the type ${input['type']}.`
  return isAllowed(input, value) ? undefined : 'must be one of the allowed values of this user input.'
}

/**
 * The value of every user input that the template asks for: what was given, or its default.
 * @param given `userInputValues` of the deployment
 */
export function inputValues(
  template: JsonObject,
  given: JsonObject,
): { readonly values: JsonObject } | V7Refusal {
  const values: (readonly [string, Json])[] = []
  const wrong: Violation[] = []
  for (const [key, one] of Object.entries(objectOf(template['userInputs']))) {
    const input = objectOf(one)
    const value = Object.hasOwn(given, key) ? given[key] : input['defaultValue']
    const message = wrongValue(input, value)
    if (message !== undefined) wrong.push({ field: `userInputValues.${key}`, message })
    else if (value !== undefined) values.push([key, value])
  }
  return wrong.length > 0 ? invalid(wrong) : { values: Object.fromEntries(values) }
}
