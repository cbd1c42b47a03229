/**
 * The bodies that endpoint data is searched with: filters, thresholds and an order. Values of one filter are alternatives, and
 * a row must pass every filter (official document). What the document leaves open is ours: see DECISIONS 120.
 */
import { type Json, type JsonObject, objectOf, objectsOf, textsOf } from '../json.ts'
import { invalid, isV7Refusal, type V7Refusal, type Violation } from '../refusals.ts'

type Keeps<Row> = (row: Row) => boolean

/** Filters by their names: whether a row has the wanted value. A name that is not here narrows nothing. */
export type Facets<Row> = Readonly<Record<string, (row: Row, wanted: string) => boolean>>

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
  (row: Row, wanted: string): boolean =>
    values(row).includes(wanted)

/** Has a value that starts so, in whatever case. */
export const startingWith =
  <Row>(values: (row: Row) => readonly string[]) =>
  (row: Row, wanted: string): boolean =>
    values(row).some((value) => value.toLowerCase().startsWith(wanted.toLowerCase()))

/** @returns undefined when nothing is narrowed */
export function filterOf<Row>(filters: Json | undefined, facets: Facets<Row>): Keeps<Row> | undefined {
  const checks = Object.entries(objectOf(filters)).flatMap(([name, values]): Keeps<Row>[] => {
    const has = Object.hasOwn(facets, name) ? facets[name] : undefined
    const wanted = textsOf(values)
    return has && wanted.length > 0 ? [(row) => wanted.some((value) => has(row, value))] : []
  })
  return checks.length > 0 ? (row) => checks.every((check) => check(row)) : undefined
}

const incomplete = (place: string, keys: readonly string[], found: JsonObject): readonly Violation[] =>
  keys
    .filter((key) => found[key] === undefined)
    .map((key) => ({ field: `${place}.${key}`, message: 'is required.' }))

function thresholdCheck<Row>(
  { name, operator, value }: JsonObject,
  measures: Measures<Row>,
): (row: Row) => boolean {
  const measure = measureOf(measures, name)
  return (row) => {
    const measured = measure?.(row)
    if (typeof measured !== 'number') return false
    return operator === 'lte' ? measured <= Number(value) : measured >= Number(value)
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
  const checks = thresholds.map((one) => thresholdCheck(one, measures))
  return conditionalOperator === 'or'
    ? (row) => checks.some((check) => check(row))
    : (row) => checks.every((check) => check(row))
}

type Order<Row> = (a: Row, b: Row) => number

function compare(a: number | string | undefined, b: number | string | undefined): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return String(a).localeCompare(String(b), 'en')
}

function orderBy<Row>({ sort, order }: JsonObject, measures: Measures<Row>): Order<Row> {
  const measure = measureOf(measures, sort)
  const sign = order === 'desc' ? -1 : 1
  return (one, other) => {
    const [a, b] = [measure?.(one), measure?.(other)]
    if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined)
    return sign * compare(a, b)
  }
}

/** @returns undefined when no order is asked for: rows stay as they are */
export function orderOf<Row>(
  body: Json | undefined,
  measures: Measures<Row>,
): Order<Row> | V7Refusal | undefined {
  const sorts = objectsOf(objectOf(body)['searchSort'])
  const wrong = sorts.flatMap((one, index) => incomplete(`searchSort[${index}]`, ['sort'], one))
  if (wrong.length > 0) return invalid(wrong)
  if (sorts.length === 0) return undefined
  const orders = sorts.map((one) => orderBy(one, measures))
  return (a, b) => orders.map((order) => order(a, b)).find((result) => result !== 0) ?? 0
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
