/** Which user inputs fill the secrets of a template. */
import {
  type Block,
  HandlebarsError,
  type Operand,
  type Path,
  type Program,
} from '../handlebars/handlebars.ts'
import { parse } from '../handlebars/parse.ts'
import { isJsonObject, type Json, type JsonObject, listOf, objectOf } from '../json.ts'
import { isSecretKey, secretsIn, sections } from './secret-keys.ts'

/** The user inputs by their keys, or that it may be any of them. */
type Inputs = { readonly keys: Set<string>; isAny: boolean }

/**
 * What a path leads to from inside so many blocks that may stand elsewhere; outwards may always be the top. What is below a key of
 * secrets is masked there.
 */
function notePath({ from, outwards, parts }: Path, depth: number, inputs: Inputs): void {
  const [section, key, ...rest] = parts
  const isTop = from === 'root' || (from === 'context' && (outwards > 0 || depth === 0))
  if (section === 'userInputs' && key !== undefined) {
    if (!rest.some(isSecretKey)) inputs.keys.add(key)
  } else if (isTop && (section === undefined || section === 'userInputs')) inputs.isAny = true
}

function noteOperand(operand: Operand, depth: number, inputs: Inputs): void {
  if (operand.kind === 'path') notePath(operand, depth, inputs)
  if (operand.kind !== 'lookup') return
  const { object, key } = operand
  const isOfInputs = object.kind === 'path' && object.parts.length === 1 && object.parts[0] === 'userInputs'
  if (isOfInputs && key.kind === 'literal') inputs.keys.add(String(key.value))
  else noteOperand(object, depth, inputs)
}

/** What `if` and `unless` ask for is written nowhere. */
function noteBlock({ by, operand, body, otherwise }: Block, depth: number, inputs: Inputs): void {
  if (by !== 'if' && by !== 'unless') noteOperand(operand, depth, inputs)
  note(body, by === 'each' || by === 'with' ? depth + 1 : depth, inputs)
  note(otherwise, depth, inputs)
}

function note(program: Program, depth: number, inputs: Inputs): void {
  for (const part of program) {
    if (part.kind === 'value') noteOperand(part.operand, depth, inputs)
    if (part.kind === 'block') noteBlock(part, depth, inputs)
  }
}

function inputsIn(text: string, all: readonly string[]): readonly string[] {
  const inputs: Inputs = { keys: new Set(), isAny: false }
  try {
    note(parse(text), 0, inputs)
  } catch (error) {
    if (!(error instanceof HandlebarsError)) throw error
    return all.filter((key) => text.includes(key))
  }
  return inputs.isAny ? all : [...inputs.keys]
}

function textsIn(value: Json): readonly string[] {
  if (typeof value === 'string') return value.includes('{{') ? [value] : []
  if (typeof value !== 'object' || value === null) return []
  return Object.values(isJsonObject(value) ? value : listOf(value)).flatMap(textsIn)
}

/** The keys of the user inputs that fill secrets, and not from below a key that is masked anyway. */
export function secretInputs(template: JsonObject): ReadonlySet<string> {
  const all = Object.keys(objectOf(template['userInputs']))
  const texts = new Set<string>()
  for (const section of sections)
    for (const secret of secretsIn(template[section] ?? null))
      for (const text of textsIn(secret)) texts.add(text)
  return new Set([...texts].flatMap((text) => inputsIn(text, all)))
}
