/**
 * Aggregation: from series of values to the points of a widget. Knows nothing of tests. Long spans of many series would be
 * millions of values: then evenly spread rounds stand for all (DECISIONS 121).
 */
import { round } from '../measurements/draw.ts'
import type { Series } from './series.ts'
import type { Group } from './subjects.ts'

export interface Measure {
  readonly type: string
  readonly percentile: number
}

export interface PointGroup extends Group {
  readonly property: string
}

export interface Point {
  /** Start of the bin, epoch seconds. */
  readonly timestamp: number
  readonly value: number
  /** How many values it stands for. */
  readonly count: number
  readonly groups: readonly PointGroup[]
}

export interface Aggregation {
  readonly groupBy: readonly string[]
  readonly measure: Measure
  /** Start of the bin that a round falls into. */
  readonly binOf: (round: number) => number
  readonly isExcluded: (testId: string, round: number) => boolean
  /** How many values it may be worked out of. */
  readonly mostValues: number
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
const mean = (values: readonly number[]): number => sum(values) / values.length
const share = (values: readonly number[], is: (value: number) => boolean): number =>
  (values.filter(is).length * 100) / values.length

/** Nearest rank. */
function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const rank = Math.ceil((Math.min(100, Math.max(0, percent)) / 100) * sorted.length)
  return sorted[Math.max(0, rank - 1)] ?? 0
}

const deviation = (values: readonly number[]): number => {
  const middle = mean(values)
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)))
}

/** By the document's `WidgetMeasureType`; what is not named here, and what `VALUES` might be, is a mean. */
const measures: Readonly<Record<string, (values: readonly number[], percent: number) => number>> = {
  MINIMUM: (values) => percentile(values, 0),
  MAXIMUM: (values) => percentile(values, 100),
  MEDIAN: (values) => percentile(values, 50),
  NTH_PERCENTILE: percentile,
  PERCPOSITIVE: (values) => share(values, (value) => value > 0),
  PERCZERO: (values) => share(values, (value) => value === 0),
  STDDEV: deviation,
  TOTAL: sum,
  SUM: sum,
}

const measured = ({ type, percentile: percent }: Measure, values: readonly number[]): number =>
  round((measures[type] ?? mean)(values, percent), 4)

/** How many groups of one property a series is in at most, as tags of one agent: the first ones. */
const mostGroups = 30

/** Every choice of one group for each property; none when a property has no group. */
function choices(series: Series, groupBy: readonly string[]): readonly (readonly PointGroup[])[] {
  return groupBy.reduce<readonly (readonly PointGroup[])[]>(
    (made, property) => {
      const found = series.groupsOf(property).slice(0, mostGroups)
      return made.flatMap((groups) => found.map((group) => [...groups, { property, ...group }]))
    },
    [[]],
  )
}

/** Rounds that stand for all: each so-manieth, the same ones whenever they are asked for. */
function chosen({ rounds, interval }: Series, stride: number): readonly number[] {
  const first = stride === 1 || interval === 0 ? 0 : (rounds.at(0) / interval) % stride
  const start = first < rounds.count ? first : 0
  const count = Math.ceil((rounds.count - start) / stride)
  return Array.from({ length: count }, (_, index) => rounds.at(start + index * stride))
}

/** Values of one bin and one choice of groups. */
interface Cell {
  readonly timestamp: number
  readonly groups: readonly PointGroup[]
  readonly values: number[]
}

/** A series with the choices of groups that it belongs to. */
interface Grouped {
  readonly series: Series
  readonly groupings: readonly (readonly PointGroup[])[]
}

/** Puts the values of one series into the cells that they belong to. */
function collect(
  cells: Map<string, Cell>,
  { series, groupings }: Grouped,
  { binOf, isExcluded, stride }: Aggregation & { readonly stride: number },
): void {
  for (const at of chosen(series, stride)) {
    const value = isExcluded(series.testId, at) ? undefined : series.valueAt(at)
    if (value === undefined) continue
    const timestamp = binOf(at)
    for (const groups of groupings) {
      const key = JSON.stringify([timestamp, ...groups.map(({ id }) => id)])
      const cell = cells.get(key) ?? { timestamp, groups, values: [] }
      cell.values.push(value)
      cells.set(key, cell)
    }
  }
}

/** The points, bin by bin, in a bin in the order of the series. */
export function pointsOf(all: readonly Series[], aggregation: Aggregation): readonly Point[] {
  const { mostValues, groupBy } = aggregation
  const grouped = all
    .map((series) => ({ series, groupings: choices(series, groupBy) }))
    .filter(({ groupings }) => groupings.length > 0)
  // Each series that is looked at gives a value to each of its groups at least.
  const least = grouped.reduce((count, { groupings }) => count + groupings.length, 0)
  const every = Math.max(1, Math.ceil(least / mostValues))
  const looked = grouped.filter((_, index) => index % every === 0)
  const total = looked.reduce(
    (count, { series, groupings }) => count + series.rounds.count * groupings.length,
    0,
  )
  const stride = Math.max(1, Math.ceil(total / mostValues))
  const cells = new Map<string, Cell>()
  for (const one of looked) collect(cells, one, { ...aggregation, stride })
  return [...cells.values()]
    .map(({ timestamp, groups, values }) => ({
      timestamp,
      groups,
      count: values.length * stride * every,
      value: measured(aggregation.measure, values),
    }))
    .sort((a, b) => a.timestamp - b.timestamp)
}
