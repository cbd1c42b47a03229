import { isBgpPrefix } from '../bgp-prefix.ts'
import {
  isJsonObject,
  type Json,
  type JsonObject,
  listOf,
  objectOf,
  objectsOf,
  own,
  present,
  textOf,
} from '../json.ts'
import { invalid, type V7Refusal, type Violation } from '../refusals.ts'
import { mask } from '../secrets.ts'
import { secretInputs } from './secret-inputs.ts'
import { withoutSecrets, withSecrets } from './secrets.ts'

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
  const fits = own(fitting, textOf(input['type']) ?? '')
  if (fits && !fits(value)) return `must be a value of the type ${input['type']}.`
  return isAllowed(input, value) ? undefined : 'must be one of the allowed values of this user input.'
}

/** The values of the user inputs of a deployment. */
export interface InputValues {
  /** Of every user input that the template asks for: what was given, or its default. */
  readonly values: JsonObject
  /** Without the template's own secrets, which who deploys it need not know. */
  readonly open: JsonObject
  /** With those of its secrets that stand below keys of secrets. */
  readonly whole: JsonObject
}

interface InputValue {
  readonly value: Json | undefined
  readonly open: Json | undefined
  readonly whole: Json | undefined
}

/** What the input has: a secret of its default that comes back as it was read stands for itself. */
function valuesOf(given: Json | undefined, byDefault: Json | undefined, isSecret: boolean): InputValue {
  if (given !== undefined && !(isSecret && given === mask)) {
    const value = isSecret ? given : withSecrets(given, byDefault)
    return { value, open: given, whole: value }
  }
  if (isSecret || byDefault === undefined) return { value: byDefault, open: undefined, whole: undefined }
  return { value: byDefault, open: withoutSecrets(byDefault), whole: byDefault }
}

/** @param given `userInputValues` of the deployment */
export function inputValues(template: JsonObject, given: JsonObject): InputValues | V7Refusal {
  const secret = secretInputs(template)
  const inputs = Object.entries(objectOf(template['userInputs'])).map(([key, one]) => {
    const input = objectOf(one)
    return { key, input, ...valuesOf(own(given, key), input['defaultValue'], secret.has(key)) }
  })
  const wrong = inputs.flatMap(({ key, input, value }): readonly Violation[] => {
    const message = wrongValue(input, value)
    return message === undefined ? [] : [{ field: `userInputValues.${key}`, message }]
  })
  if (wrong.length > 0) return invalid(wrong)
  const keyed = (which: keyof InputValue): JsonObject =>
    present(Object.fromEntries(inputs.map((one) => [one.key, one[which]])))
  return { values: keyed('value'), open: keyed('open'), whole: keyed('whole') }
}
