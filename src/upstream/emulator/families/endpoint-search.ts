/**
 * The bodies that endpoint data is searched with: filters, thresholds and an order. Values of one filter are alternatives, and
 * a row must pass every filter (official document). What the document leaves open is ours: see DECISIONS 120.
 */
import { type Json, type JsonObject, objectOf, objectsOf, textsOf } from '../json.ts'
import { invalid, isV7Refusal, type V7Refusal, type Violation } from '../refusals.ts'
import { startingWithOne } from '../text-search.ts'

type Keeps<Row> = (row: Row) => boolean

/** Filters by their names: what they leave in for the wanted values. A name that is not here narrows nothing. */
export type Facets<Row> = Readonly<Record<string, (wanted: readonly string[]) => Keeps<Row>>>

/** What thresholds and orders ask of a row, by their names. A row without the number passes no threshold and comes last. */
export type Measures<Row> = Readonly<Record<string, (row: Row) => number | string | undefined>>

const measureOf = <Row>(
  measures: Measures<Row>,
  name: Json | undefined,
): Measures<Row>[string] | undefined =>
  typeof name === 'string' && Object.hasOwn(measures, name) ? measures[name] : undefined

/** Has one of the values, to the letter. */
export const exactly =
  <Row>(values: (row: Row) => readonly string[]) =>
  (wanted: readonly string[]): Keeps<Row> => {
    const known = new Set(wanted)
    return (row) => values(row).some((value) => known.has(value))
  }

/** Has a value that starts so, in whatever case. */
export const startingWith =
  <Row>(values: (row: Row) => readonly string[]) =>
  (wanted: readonly string[]): Keeps<Row> => {
    const starts = startingWithOne(wanted)
    return (row) => values(row).some(starts)
  }

/** @returns undefined when nothing is narrowed */
export function filterOf<Row>(filters: Json | undefined, facets: Facets<Row>): Keeps<Row> | undefined {
  const checks = Object.entries(objectOf(filters)).flatMap(([name, values]): Keeps<Row>[] => {
    const has = Object.hasOwn(facets, name) ? facets[name] : undefined
    const wanted = textsOf(values)
    return has && wanted.length > 0 ? [has(wanted)] : []
  })
  return checks.length > 0 ? (row) => checks.every((check) => check(row)) : undefined
}

const incomplete = (place: string, keys: readonly string[], found: JsonObject): readonly Violation[] =>
  keys
    .filter((key) => found[key] === undefined)
    .map((key) => ({ field: `${place}.${key}`, message: 'is required.' }))

interface Threshold {
  readonly name: string
  readonly isMost: boolean
  readonly value: number
}

/** One threshold for each name and operator: of several that have both alike, one alone decides. */
function decisive(thresholds: readonly JsonObject[], isAny: boolean): readonly Threshold[] {
  const found = new Map<string, Threshold>()
  for (const { name, operator, value } of thresholds) {
    const one = { name: String(name), isMost: operator === 'lte', value: Number(value) }
    const key = JSON.stringify([one.name, one.isMost])
    const known = found.get(key)
    const pick = one.isMost === isAny ? Math.max : Math.min
    found.set(key, known ? { ...one, value: pick(known.value, one.value) } : one)
  }
  return [...found.values()]
}

function thresholdCheck<Row>({ name, isMost, value }: Threshold, measures: Measures<Row>): Keeps<Row> {
  const measure = measureOf(measures, name)
  return (row) => {
    const measured = measure?.(row)
    if (typeof measured !== 'number') return false
    return isMost ? measured <= value : measured >= value
  }
}

/** @returns undefined when no threshold is set, or what one of them lacks */
export function thresholdOf<Row>(
  body: Json | undefined,
  measures: Measures<Row>,
): Keeps<Row> | V7Refusal | undefined {
  const { filters, conditionalOperator } = objectOf(objectOf(body)['thresholdFilter'])
  const thresholds = objectsOf(filters)
  const wrong = thresholds.flatMap((one, index) =>
    incomplete(`thresholdFilter.filters[${index}]`, ['name', 'operator', 'value'], one),
  )
  if (wrong.length > 0) return invalid(wrong)
  if (thresholds.length === 0) return undefined
  const isAny = conditionalOperator === 'or'
  const checks = decisive(thresholds, isAny).map((one) => thresholdCheck(one, measures))
  return isAny ? (row) => checks.some((check) => check(row)) : (row) => checks.every((check) => check(row))
}

/** Puts rows into an order. */
type Order<Row> = (rows: readonly Row[]) => readonly Row[]

type Measured = number | string | undefined

const texts = new Intl.Collator('en')

function compare(a: Measured, b: Measured): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return texts.compare(String(a), String(b))
}

function compareBy(isDescending: boolean, a: Measured, b: Measured): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined)
  return isDescending ? -compare(a, b) : compare(a, b)
}

/** @returns undefined when no order is asked for: rows stay as they are */
export function orderOf<Row>(
  body: Json | undefined,
  measures: Measures<Row>,
): Order<Row> | V7Refusal | undefined {
  const sorts = objectsOf(objectOf(body)['searchSort'])
  const wrong = sorts.flatMap((one, index) => incomplete(`searchSort[${index}]`, ['sort'], one))
  if (wrong.length > 0) return invalid(wrong)
  const firsts = new Map<Json | undefined, JsonObject>()
  for (const one of sorts) if (!firsts.has(one['sort'])) firsts.set(one['sort'], one)
  const orders = [...firsts.values()].flatMap(({ sort, order }) => {
    const measure = measureOf(measures, sort)
    return measure ? [{ measure, isDescending: order === 'desc' }] : []
  })
  if (orders.length === 0) return undefined
  return (rows) =>
    rows
      .map((row) => ({ row, values: orders.map(({ measure }) => measure(row)) }))
      .sort((a, b) => {
        const results = orders.map(({ isDescending }, at) =>
          compareBy(isDescending, a.values[at], b.values[at]),
        )
        return results.find((result) => result !== 0) ?? 0
      })
      .map(({ row }) => row)
}

/** What is left of a search once its body is understood. */
export interface Search<Row> {
  readonly keeps: Keeps<Row> | undefined
  readonly order: Order<Row> | undefined
}

const both = <Row>(one: Keeps<Row> | undefined, other: Keeps<Row> | undefined): Keeps<Row> | undefined =>
  one && other ? (row) => one(row) && other(row) : (one ?? other)

/** @param filters where the body has its filters, which is not the same everywhere */
export function searchOf<Row>(
  body: Json | undefined,
  { filters, facets, measures }: { filters: Json | undefined; facets: Facets<Row>; measures: Measures<Row> },
): Search<Row> | V7Refusal {
  const threshold = thresholdOf(body, measures)
  if (threshold && isV7Refusal(threshold)) return threshold
  const order = orderOf(body, measures)
  if (order && isV7Refusal(order)) return order
  return { keeps: both(filterOf(filters, facets), threshold), order }
}
