import { startsWithin } from '../families/window-state.ts'
import { isoDate } from '../iso-date.ts'
import { type JsonObject, objectOf, present } from '../json.ts'
import type { Entry } from '../state.ts'
import type { TimeRange } from '../time-range.ts'

const repeats: Readonly<Record<string, string>> = {
  day: 'every-day',
  week: 'every-week',
  month: 'every-month',
}

function repeatOf(repeat: JsonObject): JsonObject {
  const { type, intervalType, intervalLength } = repeat
  return type === 'custom'
    ? present({ repeat: 'custom', repeatEvery: intervalLength, repeatUnit: intervalType })
    : { repeat: repeats[String(type)] ?? 'none' }
}

/** The windows that begin in the span, as widgets show them. */
export const shownWindows = (windows: readonly Entry[], range: TimeRange): readonly JsonObject[] =>
  windows.flatMap(({ id, fields }) => {
    const starts = startsWithin(fields, range)
    return starts.length === 0
      ? []
      : [
          present({
            id,
            name: fields['name'],
            testIds: fields['testIds'],
            startTimes: starts.map(isoDate),
            durationInSeconds: fields['duration'],
            ...repeatOf(objectOf(fields['repeat'])),
          }),
        ]
  })
