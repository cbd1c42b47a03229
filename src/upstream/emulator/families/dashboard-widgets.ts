import type { Answer, Answerer, Answerers, Call } from '../call.ts'
import type { Question } from '../dashboards/measured-series.ts'
import { cardContent, columnContent } from '../dashboards/numbers.ts'
import { testsOnPage } from '../dashboards/test-table.ts'
import { cardQuestion, widgetContent } from '../dashboards/widget-content.ts'
import { rangeOf } from '../dashboards/widget-range.ts'
import { workAhead } from '../dashboards/work-ahead.ts'
import { type JsonObject, objectOf, objectsOf } from '../json.ts'
import { askedPage, pageLinks } from '../paging.ts'
import { isV7Refusal, notFound, type V7Refusal } from '../refusals.ts'
import { seesDashboard } from './dashboard-access.ts'

/** The widget of the path, as a question for the span that the call asks for. */
function asked(call: Call): Question | V7Refusal {
  const dashboard = call.state.find('dashboards', call.parameters['dashboardId'] ?? '')
  if (!dashboard || !seesDashboard(dashboard, call)) return notFound
  const widget = partOf(dashboard.fields['widgets'], call.parameters['widgetId'])
  if (!widget) return notFound
  const range = rangeOf(dashboard.fields, [widget], call)
  return isV7Refusal(range) ? range : { measuring: widget, dashboard: dashboard.fields, range, call }
}

const partOf = (parts: JsonObject[string] | undefined, id: string | undefined): JsonObject | undefined =>
  objectsOf(parts).find((one) => one['id'] === id)

const self = (call: Call): JsonObject => ({
  self: objectOf(pageLinks(call, { asOf: 0 }, 0)['self']),
})

const answer = (body: JsonObject): Answer => ({ status: 200, varies: true, body })

/** Cards and columns have addresses of their own, below the widget's. */
function linked(body: JsonObject, call: Call): JsonObject {
  const data = objectOf(body['data'])
  const { dashboardId, widgetId } = call.parameters
  const link = (word: string, idKey: string) => (part: JsonObject) => ({
    ...part,
    _links: {
      self: { href: call.href(`/dashboards/${dashboardId}/widgets/${widgetId}/${word}/${part[idKey]}`) },
    },
  })
  return {
    ...body,
    data: {
      ...data,
      ...(data['cards'] !== undefined && { cards: objectsOf(data['cards']).map(link('cards', 'cardId')) }),
      ...(data['columns'] !== undefined && {
        columns: objectsOf(data['columns']).map(link('columns', 'columnId')),
      }),
    },
  }
}

const widget: Answerer = async (call) => {
  const page = askedPage(call, testsOnPage)
  if (isV7Refusal(page)) return page
  const question = asked({ ...call, now: page.asOf })
  if (isV7Refusal(question)) return question
  await workAhead(question)
  const shown = widgetContent(question, page)
  if (isV7Refusal(shown)) return shown
  return answer({ ...linked(shown.body, call), _links: pageLinks(call, page, shown.left) })
}

const card: Answerer = async (call) => {
  const question = asked(call)
  if (isV7Refusal(question)) return question
  const found = partOf(question.measuring['numberCards'], call.parameters['cardId'])
  const own = found && cardQuestion(question, found)
  if (!own) return notFound
  if (isV7Refusal(own)) return own
  await workAhead(own)
  return answer({ ...cardContent(own), _links: self(call) })
}

const column: Answerer = async (call) => {
  const question = asked(call)
  if (isV7Refusal(question)) return question
  const found = partOf(question.measuring['multiMetricColumns'], call.parameters['columnId'])
  if (!found) return notFound
  const own = { ...question, measuring: found }
  await workAhead(own)
  return answer({
    ...columnContent(own, question.measuring),
    _links: self(call),
  })
}

/** What widgets of dashboards show, and their cards and columns. */
export const dashboardWidgets = (): Answerers => ({
  getDashboardWidgetData: widget,
  getIndividualCardData: card,
  getIndividualColumnData: column,
})
