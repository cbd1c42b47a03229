import { isoDate } from '../iso-date.ts'
import { type JsonObject, objectsOf, present, textOf } from '../json.ts'
import { draw, groupingOf, groupLabels, shownPoint } from './charts.ts'
import type { Question } from './measured-series.ts'

/** The value of a card over its span and, where it compares, over the span of the same length before. */
export function cardContent(question: Question): JsonObject {
  const { measuring: card, range } = question
  const { points, ...rest } = draw(question, [], false)
  const [point] = points
  const length = range.endAt - range.startAt
  const earlier = { startAt: Math.max(0, range.startAt - length), endAt: range.startAt }
  const previous =
    card['compareToPreviousValue'] === true
      ? draw({ ...question, range: earlier }, [], false).points[0]
      : undefined
  return present({
    cardId: card['id'],
    cardName: textOf(card['description']) ?? '',
    startDate: isoDate(range.startAt),
    endDate: isoDate(range.endAt),
    previousValue: previous?.value,
    timestamp: point?.timestamp,
    numberOfDataPoints: point?.count ?? 0,
    value: point?.value,
    ...rest,
  })
}

/** @param rowGroupBy what the rows of the table are */
function column(question: Question, rowGroupBy: readonly string[]) {
  const { points, ...rest } = draw(question, rowGroupBy, false)
  return {
    points,
    shown: present({
      columnId: question.measuring['id'],
      points: points.map(shownPoint),
      ...rest,
    }),
  }
}

const columnsOf = (question: Question, widget: JsonObject, columns: readonly JsonObject[]) =>
  columns.map((measuring) =>
    column(
      { ...question, measuring, shares: columnShares(question, widget) },
      groupingOf(widget, ['rowGroupBy']),
    ),
  )

/** A column is worked out of as much by itself as in its table. */
const columnShares = ({ shares = 1 }: Question, widget: JsonObject): number =>
  shares * Math.max(1, objectsOf(widget['multiMetricColumns']).length)

/** One column of a multi-metric table. */
export const columnContent = (question: Question, widget: JsonObject): JsonObject =>
  columnsOf(question, widget, [question.measuring])[0]?.shown ?? {}

/** A multi-metric table: a column of points for each metric. */
export function tableContent(question: Question): JsonObject {
  const widget = question.measuring
  const columns = columnsOf(question, widget, objectsOf(widget['multiMetricColumns']))
  return {
    groupLabels: groupLabels(columns.flatMap(({ points }) => points)),
    data: { columns: columns.map(({ shown }) => shown) },
  }
}
