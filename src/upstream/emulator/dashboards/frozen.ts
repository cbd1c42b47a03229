/** What the widgets of a dashboard showed in a span, worked out once and kept with a snapshot (DECISIONS 123). */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Call } from '../call.ts'
import { isoDate } from '../iso-date.ts'
import { isJsonObject, type Json, type JsonObject, listOf, objectsOf } from '../json.ts'
import { isV7Refusal } from '../refusals.ts'
import type { TimeRange } from '../time-range.ts'
import { widgetContent } from './widget-content.ts'
import { workAhead } from './work-ahead.ts'

/** How many tests of a Test Table are kept. Ours. */
const mostTests = 100

/** How many widgets are worked out of as much as by themselves; with more of them, each of less. */
const fullWidgets = 10

/** Where names of users' own stand; ids tell nobody anything. */
const nameKeys = ['groupLabel', 'testName', 'target', 'alertSource', 'alertRule', 'agentName', 'Event']

/** What has no name in its place. */
const leftOut = ['ipInfo', 'location']

function namesIn(value: Json): readonly string[] {
  if (!isJsonObject(value)) return listOf(value).flatMap(namesIn)
  return Object.entries(value).flatMap(([key, inner]) => {
    if (typeof inner !== 'string') return namesIn(inner)
    return nameKeys.includes(key) ? [inner] : []
  })
}

function renamed(value: Json, names: ReadonlyMap<string, string>): Json {
  if (typeof value === 'string') return names.get(value) ?? value
  if (Array.isArray(value)) return listOf(value).map((item) => renamed(item, names))
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !leftOut.includes(key))
      .map(([key, inner]) => [key, renamed(inner, names)]),
  )
}

/** Numbers in the place of names, the same for one name everywhere in the widget; how the service words them is not known. */
function anonymized(content: JsonObject): JsonObject {
  const names = new Map(
    [...new Set(namesIn(content))].map((name, index) => [name, `Anonymous ${index + 1}`] as const),
  )
  const result = renamed(content, names)
  return isJsonObject(result) ? result : content
}

export interface FrozenWidget {
  readonly id: string
  readonly content: JsonObject
}

/**
 * Every widget of the dashboard over the span, whatever spans they have themselves. One is worked out in each turn of the event
 * loop, so that other calls are answered in between.
 */
export async function* frozenWidgets(
  dashboard: JsonObject,
  { range, isAnonymous }: { readonly range: TimeRange; readonly isAnonymous: boolean },
  given: Call,
): AsyncGenerator<FrozenWidget> {
  const span = { startDate: isoDate(range.startAt), endDate: isoDate(range.endAt) }
  const call = { ...given, query: new URLSearchParams(span) }
  const page = { asOf: call.now, size: mostTests, left: undefined }
  const widgets = objectsOf(dashboard['widgets'])
  const shares = Math.max(1, widgets.length / fullWidgets)
  for (const measuring of widgets) {
    await nextTurn()
    const question = { measuring, dashboard, range, call, shares }
    await workAhead(question)
    const shown = widgetContent(question, page)
    if (isV7Refusal(shown)) continue
    const content = isAnonymous ? anonymized(shown.body) : shown.body
    yield { id: String(measuring['id']), content }
  }
}
