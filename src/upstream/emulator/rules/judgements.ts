/** What a rule may ask of a field. Each judgement tells what is wrong in the words that follow the field's name. */
import { isJsonObject, type Json, type JsonObject, listOf } from '../json.ts'
import { type TextForm, textForms } from './text-forms.ts'

export type Scalar = string | number | boolean | null

/** The values that fields, by their paths, may have; null stands for a field that is not there. */
export type Condition = Readonly<Record<string, readonly Scalar[]>>

/** An entry of the file, of which one of the last thirteen is there. */
export interface RuleEntry {
  readonly id: string
  /** The schemas of requests that it is for. */
  readonly schemas: readonly string[]
  readonly field: string
  readonly when?: Condition | undefined
  readonly unless?: Condition | undefined
  /** Letters do not count. */
  readonly anyCase?: true | undefined
  readonly atMost?: string | undefined
  readonly moreThan?: string | undefined
  readonly divides?: string | undefined
  readonly without?: string | undefined
  readonly atLeast?: number | undefined
  readonly within?: readonly [number, number] | undefined
  readonly oneOf?: readonly Scalar[] | undefined
  readonly noneOf?: readonly Scalar[] | undefined
  readonly required?: true | undefined
  readonly onlyWhen?: Condition | undefined
  readonly distinct?: true | string | undefined
  readonly mostElements?: number | undefined
  readonly form?: string | undefined
}

/** What is wrong, and with which element of a list, if it is one. */
export interface Wrong {
  readonly message: string
  readonly index?: number
}

/** @param value that of the field, if it is there @param fields those of its object */
export type Judge = (value: Json | undefined, fields: JsonObject) => Wrong | undefined

/** The values at a path; `*` stands for every element of a list. */
export function valuesAt(value: Json | undefined, path: readonly string[]): readonly Json[] {
  const [step, ...rest] = path
  if (value === undefined) return []
  if (step === undefined) return [value]
  if (step === '*') return listOf(value).flatMap((one) => valuesAt(one, rest))
  return isJsonObject(value) && Object.hasOwn(value, step) ? valuesAt(value[step], rest) : []
}

/** Compares with another field; what is no number or not there is beside nothing. */
const beside =
  (key: string, words: string, isRight: (value: number, other: number) => boolean): Judge =>
  (value, fields) => {
    const other = fields[key]
    return typeof value !== 'number' || typeof other !== 'number' || isRight(value, other)
      ? undefined
      : { message: `${words} ${key}, which is ${other}.` }
  }

/** Looks at a text, or at each of a list. */
const eachText =
  (isRight: (text: string) => boolean, message: string): Judge =>
  (value) => {
    if (typeof value === 'string') return isRight(value) ? undefined : { message }
    const index = listOf(value).findIndex((one) => typeof one === 'string' && !isRight(one))
    return index < 0 ? undefined : { message, index }
  }

/** Bodies name thousands. */
function twiceIn(names: readonly Json[]): Json | undefined {
  const seen = new Set<Json>()
  return names.find((name) => seen.size === seen.add(name).size)
}

const distinctBy =
  (key: string | true): Judge =>
  (value) => {
    const names = key === true ? listOf(value) : listOf(value).flatMap((one) => valuesAt(one, [key]))
    const twice = twiceIn(names)
    return twice === undefined
      ? undefined
      : { message: `has ${key === true ? '' : `the ${key} `}${String(twice)} twice.` }
  }

/** Whether each of the fields has one of the values. */
export const holds = (condition: Condition, fields: JsonObject): boolean =>
  Object.entries(condition).every(([path, values]) => {
    const found = valuesAt(fields, path.split('.'))
    return found.length === 0 ? values.includes(null) : found.some((one) => values.some((v) => v === one))
  })

const isMissing = (value: Json | undefined): boolean =>
  value === undefined || value === '' || (Array.isArray(value) && value.length === 0)

const withoutDot = (words: string): string => words.replace(/\.$/, '')

const wordsOf = (condition: Condition): string =>
  Object.entries(condition)
    .map(([path, values]) => [path.split('.').at(-1), values.filter((value) => value !== null)] as const)
    .flatMap(([key, values]) => (values.length > 0 ? [`${key} is ${values.join(' or ')}`] : []))
    .join(' and ')

/** ` when type is trace or log`, or nothing for a rule that always holds. */
function whenOf({ when, unless }: RuleEntry): string {
  if (when) return ` when ${wordsOf(when)}`
  return unless ? ` unless ${wordsOf(unless)}` : ''
}

const onlyWhen =
  (condition: Condition): Judge =>
  (value, fields) =>
    value === undefined || holds(condition, fields)
      ? undefined
      : { message: `can only be used when ${wordsOf(condition)}.` }

function amongOf(allowed: readonly Scalar[], entry: RuleEntry): Judge {
  const plain = (text: string): string => (entry.anyCase ? text.toLowerCase() : text)
  const known = new Set(allowed.map((one) => plain(String(one))))
  return eachText(
    (text) => known.has(plain(text)),
    `must be ${allowed.length > 1 ? 'one of ' : ''}${allowed.join(', ')}${whenOf(entry)}.`,
  )
}

function formOf(name: string, entry: RuleEntry): Judge {
  const { fits, wanted } = textForms[name] as TextForm
  return eachText(fits, `${withoutDot(wanted)}${whenOf(entry)}.`)
}

const told = (isWrong: (value: Json | undefined) => boolean, message: string): Judge => {
  const wrong = { message }
  return (value) => (isWrong(value) ? wrong : undefined)
}

const isOutside = (value: Json | undefined, [least, most]: readonly [number, number]): boolean =>
  typeof value === 'number' && (value < least || value > most)

/** The one value that keeps the rule, or the largest; undefined where it leaves a choice. */
export function keeperOf({
  atMost,
  oneOf,
}: RuleEntry): ((fields: JsonObject) => Json | undefined) | undefined {
  const [only, ...others] = oneOf ?? []
  if (only !== undefined && others.length === 0) return () => only
  return atMost === undefined ? undefined : (fields) => fields[atMost]
}

const asked = <Asked>(value: Asked | undefined, judge: (value: Asked) => Judge): readonly Judge[] =>
  value === undefined ? [] : [judge(value)]

/** What the entry asks of its field: one judgement, in a file that is right. */
export function judgesOf(entry: RuleEntry): readonly Judge[] {
  const when = whenOf(entry)
  return [
    asked(entry.atMost, (key) => beside(key, 'cannot exceed', (value, most) => value <= most)),
    asked(entry.moreThan, (key) => beside(key, 'must be larger than', (value, least) => value > least)),
    asked(entry.divides, (key) => beside(key, 'must evenly divide', (part, whole) => whole % part === 0)),
    asked(
      entry.without,
      (key) => (value, fields) =>
        value === undefined || fields[key] === undefined
          ? undefined
          : { message: `cannot be used with ${key}.` },
    ),
    asked(entry.atLeast, (least) =>
      told((value) => isOutside(value, [least, Number.POSITIVE_INFINITY]), `must be at least ${least}.`),
    ),
    asked(entry.within, (range) =>
      told((value) => isOutside(value, range), `must be from ${range.join(' to ')}${when}.`),
    ),
    asked(entry.oneOf, (allowed) => amongOf(allowed, entry)),
    asked(entry.noneOf, (refused) =>
      told((value) => refused.some((one) => one === value), `cannot be ${refused.join(' or ')}${when}.`),
    ),
    asked(entry.required, () => told(isMissing, `is required${when}.`)),
    asked(entry.onlyWhen, onlyWhen),
    asked(entry.distinct, distinctBy),
    asked(entry.mostElements, (most) =>
      told((value) => listOf(value).length > most, `must have at most ${most} elements.`),
    ),
    asked(entry.form, (name) => formOf(name, entry)),
  ].flat()
}
