/** Widgets that draw points: aggregated values with the groups that they are of. */
import { isSuppressed, windowsOn } from '../families/test-suppression.ts'
import { type Json, type JsonObject, objectOf, textOf } from '../json.ts'
import { type Measure, type Point, pointsOf } from './aggregate.ts'
import { isCount, type Question, seriesFor, valuesFor } from './measured-series.ts'
import { submetricsOf } from './submetrics.ts'
import { shownWindows } from './suppression.ts'

/** How a type of widgets lays its points out. */
export interface Chart {
  /** The settings that name what points are grouped by. */
  readonly groupKeys: readonly string[]
  /** Whether its points stand for spans of time, or each for the whole. */
  readonly isTimed: boolean
  /** Whether it shows the parts of a metric one by one. */
  readonly isComposite?: true
}

export const charts: Readonly<Record<string, Chart>> = {
  'Time Series: Line': { groupKeys: ['groupBy'], isTimed: true },
  'Time Series: Stacked Area': { groupKeys: ['groupBy'], isTimed: true, isComposite: true },
  'Box and Whiskers': { groupKeys: ['groupBy'], isTimed: true },
  'Bar Chart: Stacked': { groupKeys: ['axisGroupBy'], isTimed: false, isComposite: true },
  'Bar Chart: Grouped': { groupKeys: ['axisGroupBy', 'groupBy'], isTimed: false },
  'Pie Chart': { groupKeys: ['groupBy'], isTimed: false, isComposite: true },
  Table: { groupKeys: ['rowGroupBy', 'columnGroupBy'], isTimed: false },
  Heatmap: { groupKeys: ['rowGroupBy', 'columnGroupBy'], isTimed: false },
  'Color Grid': { groupKeys: ['cards', 'groupCardsBy'], isTimed: false },
  Map: { groupKeys: ['groupBy'], isTimed: false },
}

const binSizes = [60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 86_400]
const mostBins = 120

/** Seconds: the shortest of the usual spans that leaves a line with few enough points. Ours. */
function binSizeFor(length: number): number {
  const fitting = binSizes.find((size) => length / size <= mostBins)
  return fitting ?? Math.ceil(length / mostBins / 86_400) * 86_400
}

const measureOf = ({ metric, measure }: JsonObject): Measure => {
  const { type, percentileValue } = objectOf(measure)
  return {
    type: isCount(metric) ? 'SUM' : (textOf(type) ?? 'MEAN'),
    percentile: Number(percentileValue ?? 95),
  }
}

export interface Drawn {
  /** Seconds. */
  readonly binSize: number
  readonly points: readonly Point[]
  readonly alertSuppressionWindows: readonly JsonObject[]
  /** Why there are no points. */
  readonly status?: string
}

/** The document's own example; the other message is ours. */
const noData = 'No data'
const notConfigured = 'No metric is configured'

/** The aggregated values of one widget, card or column. */
export function draw(question: Question, groupBy: readonly string[], isTimed: boolean): Drawn {
  const { measuring, range, call } = question
  const length = Math.max(1, (range.endAt - range.startAt) / 1000)
  const binSize = isTimed ? binSizeFor(length) : length
  const start = range.startAt / 1000
  const series = seriesFor(question)
  const windows = windowsOn(new Set(series.map(({ testId }) => testId)), call)
  const points = pointsOf(series, {
    groupBy,
    measure: measureOf(measuring),
    binOf: (round) => (isTimed ? Math.floor(round / binSize) * binSize : start),
    mostValues: valuesFor(question),
    isExcluded: (testId, at) =>
      measuring['shouldExcludeAlertSuppressionWindows'] === true && isSuppressed(windows, testId, at),
  })
  const status = measuring['metric'] === undefined ? notConfigured : noData
  return {
    binSize,
    points,
    alertSuppressionWindows: shownWindows(windows, range),
    ...(points.length === 0 && { status }),
  }
}

/** The properties that a widget groups by; `TIME` makes bins of its own. */
export const groupingOf = (widget: JsonObject, keys: readonly string[]): readonly string[] =>
  keys
    .flatMap((key) => textOf(widget[key]) ?? [])
    .filter((property) => property !== 'NONE' && property !== 'TIME')

/** A metric's parts take the place of the whole, each under its name. */
function drawComposite(question: Question, groupBy: readonly string[], isTimed: boolean): Drawn {
  const { measuring } = question
  const parts = submetricsOf(measuring['metric']).map((metric) => ({
    metric,
    drawn: draw({ ...question, measuring: { ...measuring, metric } }, groupBy, isTimed),
  }))
  const whole = parts[0]?.drawn ?? draw(question, groupBy, isTimed)
  if (parts.length === 0) return whole
  const points = parts.flatMap(({ metric, drawn }) =>
    drawn.points.map((point) => ({
      ...point,
      groups: [...point.groups, { property: 'METRIC', id: metric, label: metric }],
    })),
  )
  return { ...whole, points: points.sort((a, b) => a.timestamp - b.timestamp) }
}

/** The points that a widget's limit leaves, in its order: both go by the first group. */
function ranked(points: readonly Point[], { sortBy, sortDirection, limit }: JsonObject): readonly Point[] {
  const sums = new Map<string, { label: string; total: number }>()
  for (const { groups, value } of points) {
    const [first] = groups
    if (!first) continue
    const known = sums.get(first.id)
    sums.set(first.id, { label: first.label, total: (known?.total ?? 0) + value })
  }
  if (sortBy === undefined && limit === undefined) return points
  const sign =
    (sortDirection ?? (sortBy === 'Alphabetical' ? 'Ascending' : 'Descending')) === 'Ascending' ? 1 : -1
  const order = [...sums]
    .sort(([, a], [, b]) =>
      sortBy === 'Alphabetical' ? sign * a.label.localeCompare(b.label, 'en') : sign * (a.total - b.total),
    )
    .slice(0, limit === undefined ? undefined : Math.max(0, Number(limit)))
    .map(([id]) => id)
  const rank = new Map(order.map((id, index) => [id, index]))
  const rankOf = ({ groups: [first] }: Point): number | undefined => (first ? rank.get(first.id) : 0)
  return points
    .filter((point) => rankOf(point) !== undefined)
    .sort((a, b) => a.timestamp - b.timestamp || (rankOf(a) ?? 0) - (rankOf(b) ?? 0))
}

export const shownPoint = ({ timestamp, value, count, groups }: Point): JsonObject => ({
  timestamp,
  numberOfDataPoints: count,
  value,
  groups: groups.map(({ property, id }) => ({ groupProperty: property, groupValue: id })),
})

/** The names of the groups that points are of. */
export function groupLabels(points: readonly Point[]): readonly Json[] {
  const labels = new Map<string, Map<string, string>>()
  for (const { groups } of points)
    for (const { property, id, label } of groups)
      labels.set(property, (labels.get(property) ?? new Map()).set(id, label))
  return [...labels].map(([groupProperty, named]) => ({
    groupProperty,
    groupLabels: [...named].map(([groupId, groupLabel]) => ({ groupId, groupLabel })),
  }))
}

/** What a widget of points shows. */
export function chartContent(question: Question, chart: Chart): JsonObject {
  const widget = question.measuring
  const isTimed = chart.isTimed || chart.groupKeys.some((key) => widget[key] === 'TIME')
  const perTest = widget['isGeoMapPerTest'] === true ? ['TEST'] : []
  const groupBy = [...groupingOf(widget, chart.groupKeys), ...perTest]
  const { binSize, points, ...rest } = chart.isComposite
    ? drawComposite(question, groupBy, isTimed)
    : draw(question, groupBy, isTimed)
  const kept = ranked(points, widget)
  return { groupLabels: groupLabels(kept), binSize, data: { points: kept.map(shownPoint), ...rest } }
}
