import type { Call } from '../call.ts'
import { isOwn } from '../crud.ts'
import { startsWithin, windowState } from '../families/window-state.ts'
import { isoDate } from '../iso-date.ts'
import { type JsonObject, objectOf, present, textsOf } from '../json.ts'
import type { Entry } from '../state.ts'
import type { TimeRange } from '../time-range.ts'

/** The alert suppression windows of the account group that name one of the tests. */
export const windowsOn = (testIds: ReadonlySet<string>, call: Call): readonly Entry[] =>
  call.state
    .all('alert-suppression-windows')
    .filter((one) => isOwn(one, call) && textsOf(one.fields['testIds']).some((id) => testIds.has(id)))

/** Whether one of the windows holds for the test then. @param at epoch seconds */
export const isSuppressed = (windows: readonly Entry[], testId: string, at: number): boolean =>
  windows.some(
    ({ fields }) =>
      textsOf(fields['testIds']).includes(testId) && windowState(fields, at * 1000) === 'active',
  )

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
