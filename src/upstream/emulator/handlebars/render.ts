/** From a program to what it writes. */
import { isJsonObject, type Json, type JsonObject, listOf, own } from '../json.ts'
import {
  type Block,
  HandlebarsError,
  type Operand,
  type Path,
  type Program,
  quoted,
  type Value,
} from './handlebars.ts'

/** What programs may still do together: every part, every round of a loop, every lookup and ten segments of a path are a step. */
export interface Budget {
  steps: number
  characters: number
}

export interface Named {
  /** What paths start at. */
  readonly shown: JsonObject
  /**
   * What a path that is written starts at, where it starts at the top. Helpers see `shown` alone: by what they do, and whether
   * they can, they would tell what no answer tells.
   */
  readonly written: JsonObject
}

/** What a loop says of itself. */
interface Loop {
  readonly says: Readonly<Record<string, Json>>
  readonly outer: Loop | undefined
}

/** Where a part of a program stands. */
interface Place {
  readonly context: Json | undefined
  readonly outer: Place | undefined
  readonly loop: Loop | undefined
  readonly names: ReadonlyMap<string, Json>
  readonly named: Named
  readonly budget: Budget
}

type Use = keyof Named

const member = (value: Json | undefined, key: string): Json | undefined =>
  typeof value === 'object' && value !== null ? own(value as JsonObject, key) : undefined

const below = (value: Json | undefined, keys: readonly string[]): Json | undefined =>
  keys.reduce(member, value)

/** How many segments of a path are looked at in one step. */
const segmentsInStep = 10

function pathValue({ from, outwards, isBare, parts }: Path, place: Place, use: Use): Json | undefined {
  step(place.budget, Math.floor((outwards + parts.length) / segmentsInStep))
  if (from === 'root') return below(place.named[use], parts)
  if (from === 'loop') {
    let { loop } = place
    for (let left = outwards; left > 0; left -= 1) loop = loop?.outer
    return loop && below(loop.says as JsonObject, parts)
  }
  const [first = '', ...rest] = parts
  const name = isBare ? place.names.get(first) : undefined
  if (name !== undefined) return below(name, rest)
  let at: Place | undefined = place
  for (let left = outwards; left > 0; left -= 1) at = at?.outer
  return below(at?.context === place.named.shown ? place.named[use] : at?.context, parts)
}

function operandValue(operand: Operand, place: Place, use: Use = 'shown'): Json | undefined {
  if (operand.kind === 'literal') return operand.value
  if (operand.kind === 'path') return pathValue(operand, place, use)
  step(place.budget)
  const key = operandValue(operand.key, place)
  return key === undefined || typeof key === 'object'
    ? undefined
    : member(operandValue(operand.object, place), String(key))
}

const isEmpty = (value: Json | undefined): boolean =>
  Array.isArray(value) ? value.length === 0 : !value && value !== 0

const asText = (value: Json): string =>
  typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? '')

function written({ operand }: Value, place: Place): Json {
  const value = operandValue(operand, place, 'written')
  if (value === undefined) throw new HandlebarsError(`{{${quoted(operand.source)}}} leads to nothing.`)
  return value
}

/** One round of a block: which of its programs, and where it stands. */
type Round = readonly [program: Program, place: Place]

/** The place of what a block puts there; a block that puts nothing else there is no place of its own. */
function inside(
  place: Place,
  context: Json | undefined,
  { names: called, loop }: { names: readonly (readonly [string | undefined, Json])[]; loop?: Loop['says'] },
): Place {
  const given = called.filter((one): one is [string, Json] => one[0] !== undefined)
  const names = given.length === 0 ? place.names : new Map([...place.names, ...given])
  return {
    ...place,
    context,
    names,
    outer: context === place.context ? place.outer : place,
    loop: loop ? { says: loop, outer: place.loop } : place.loop,
  }
}

/** What a loop goes through: the elements of a list, or the values of an object. */
function itemsOf(value: Json | undefined): readonly (readonly [key: string | number, item: Json])[] {
  if (Array.isArray(value)) return listOf(value).map((item, index) => [index, item])
  return isJsonObject(value) ? Object.entries(value) : []
}

function* loopRounds(
  { names, body, otherwise }: Block,
  value: Json | undefined,
  place: Place,
): Generator<Round> {
  const items = itemsOf(value)
  if (items.length === 0) yield [otherwise, place]
  for (const [index, [key, item]] of items.entries()) {
    const loop = { key, index, first: index === 0, last: index === items.length - 1 }
    yield [
      body,
      inside(place, item, {
        names: [
          [names[0], item],
          [names[1], key],
        ],
        loop,
      }),
    ]
  }
}

function withRound({ names, body }: Block, value: Json, place: Place): readonly Round[] {
  return [[body, inside(place, value, { names: [[names[0], value]] })]]
}

/** A block by the name of a value: a list is gone through, what is true lets its body in, what is nothing does not. */
function sectionRounds(block: Block, value: Json | undefined, place: Place): Iterable<Round> {
  if (Array.isArray(value)) return loopRounds(block, value, place)
  if (value === undefined || value === null || value === false) return [[block.otherwise, place]]
  return value === true ? [[block.body, place]] : withRound(block, value, place)
}

/** What the block does, round by round. */
function roundsOf(block: Block, place: Place): Iterable<Round> {
  const value = operandValue(block.operand, place)
  const { by, includeZero, body, otherwise } = block
  if (by === 'each') return loopRounds(block, value, place)
  if (by === 'section') return sectionRounds(block, value, place)
  if (by === 'with')
    return value === undefined || isEmpty(value) ? [[otherwise, place]] : withRound(block, value, place)
  const countsZero = includeZero !== undefined && !isEmpty(operandValue(includeZero, place))
  const isTrue = !isEmpty(value) && (value !== 0 || countsZero)
  return [[isTrue === (by === 'if') ? body : otherwise, place]]
}

function step(budget: Budget, count = 1): void {
  budget.steps -= count
  if (budget.steps < 0) throw new HandlebarsError('makes the deployment take too many steps.')
}

/** What the program has beside whitespace. */
const marksIn = (program: Program): Program =>
  program.filter((part) => part.kind !== 'text' || part.text.trim() !== '')

/** The value of a program that is one value and nothing else, whatever its type; a block that chooses is what it chooses. */
function soleValue(program: Program, place: Place, budget: Budget): Json | undefined {
  const [part, ...others] = marksIn(program)
  if (!part || part.kind === 'text' || others.length > 0) return undefined
  step(budget)
  if (part.kind === 'value') return written(part, place)
  if (part.by === 'each') return undefined
  const [round, ...rounds] = roundsOf(part, place)
  return round && rounds.length === 0 ? soleValue(...round, budget) : undefined
}

function write(
  program: Program,
  place: Place,
  { pieces, budget }: { pieces: string[]; budget: Budget },
): void {
  for (const part of program) {
    step(budget)
    if (part.kind === 'block') {
      for (const round of roundsOf(part, place)) {
        step(budget)
        write(...round, { pieces, budget })
      }
      continue
    }
    const text = part.kind === 'text' ? part.text : asText(written(part, place))
    spend(budget, text)
    pieces.push(text)
  }
}

function spend(budget: Budget, text: string): void {
  budget.characters -= text.length
  if (budget.characters < 0) throw new HandlebarsError('makes the deployment too long.')
}

/**
 * @param budget is less by what this took
 * @throws HandlebarsError
 */
export function render(program: Program, named: Named, budget: Budget): Json {
  const place = { context: named.shown, outer: undefined, loop: undefined, names: new Map(), named, budget }
  const value = soleValue(program, place, budget)
  if (value !== undefined) {
    spend(budget, asText(value))
    return value
  }
  const pieces: string[] = []
  write(program, place, { pieces, budget })
  return pieces.join('')
}
