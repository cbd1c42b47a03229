/** What a widget shows in a span of time: the payload follows the type of the widget (official document, `ApiWidgetsDataV2`). */
import { isoDate } from '../iso-date.ts'
import { type JsonObject, objectsOf } from '../json.ts'
import type { AskedPage } from '../paging.ts'
import { isV7Refusal, type V7Refusal } from '../refusals.ts'
import { agentStatusContent } from './agent-status.ts'
import { alertListContent } from './alert-list.ts'
import { chartContent, charts } from './charts.ts'
import { eventListContent } from './event-list.ts'
import { graphStart } from './graphlets.ts'
import type { Question } from './measured-series.ts'
import { cardContent, tableContent } from './numbers.ts'
import { testTablePage } from './test-table.ts'
import { rangeOf } from './widget-range.ts'

/** How often a card is worked out: one that compares, over the span before as well. */
const workOf = (card: JsonObject): number => (card['compareToPreviousValue'] === true ? 2 : 1)

/** The span of a card is its own, then the widget's. */
export function cardQuestion(question: Question, card: JsonObject): Question | V7Refusal {
  const { measuring: widget, dashboard, call, shares: all = 1 } = question
  const range = rangeOf(dashboard, [card, widget], call)
  // A card is worked out of as much by itself as in its widget.
  const work = objectsOf(widget['numberCards']).reduce((sum, one) => sum + workOf(one), 0)
  const shares = all * Math.max(1, work)
  return isV7Refusal(range) ? range : { ...question, measuring: card, range, shares }
}

function numbersContent(question: Question): JsonObject | V7Refusal {
  const cards = objectsOf(question.measuring['numberCards']).map((card) => cardQuestion(question, card))
  const refusal = cards.find((one) => isV7Refusal(one))
  if (refusal && isV7Refusal(refusal)) return refusal
  return { data: { cards: cards.flatMap((one) => (isV7Refusal(one) ? [] : [cardContent(one)])) } }
}

const lists: Readonly<Record<string, (question: Question) => JsonObject | V7Refusal>> = {
  Number: numbersContent,
  'Multi Metric Table': tableContent,
  'Agent Status': agentStatusContent,
  'Alert List': alertListContent,
  List: eventListContent,
}

export interface WidgetContent {
  readonly body: JsonObject
  /** Rows behind this page; only a Test Table has pages. */
  readonly left: number
}

const spanOf = ({ range }: Question): JsonObject => ({
  startDate: isoDate(range.startAt),
  endDate: isoDate(range.endAt),
})

function testTableContent(question: Question, asked: AskedPage): WidgetContent | V7Refusal {
  const page = testTablePage(question, asked)
  if (isV7Refusal(page)) return page
  const data = { tests: page.rows, startRound: graphStart(question.call.now) }
  return { body: { data, ...spanOf(question) }, left: page.left }
}

/** @param asked the page of a Test Table */
export function widgetContent(question: Question, asked: AskedPage): WidgetContent | V7Refusal {
  const type = String(question.measuring['type'])
  if (type === 'Test Table') return testTableContent(question, asked)
  const chart = charts[type]
  const shown = chart ? chartContent(question, chart) : lists[type]?.(question)
  if (shown && isV7Refusal(shown)) return shown
  return { body: { ...shown, ...spanOf(question) }, left: 0 }
}
