import type { Call } from '../call.ts'
import { isOwn } from '../crud.ts'
import { textsOf } from '../json.ts'
import type { Entry } from '../state.ts'
import { startsWithin, windowState } from './window-state.ts'

/** The alert suppression windows of the account group that name one of the tests. */
export const windowsOn = (testIds: ReadonlySet<string>, call: Call): readonly Entry[] =>
  call.state
    .all('alert-suppression-windows')
    .filter((one) => isOwn(one, call) && textsOf(one.fields['testIds']).some((id) => testIds.has(id)))

const on = (windows: readonly Entry[], testId: string): readonly Entry[] =>
  windows.filter(({ fields }) => textsOf(fields['testIds']).includes(testId))

/** Whether one of the windows holds for the test then. @param at epoch seconds */
export const isSuppressed = (windows: readonly Entry[], testId: string, at: number): boolean =>
  on(windows, testId).some(({ fields }) => windowState(fields, at * 1000) === 'active')

/**
 * How often windows on the test ended in a span, its own ends left out; at an end within another window nothing is free.
 * @param span epoch ms
 */
export const releases = (
  windows: readonly Entry[],
  testId: string,
  { startAt, endAt }: { readonly startAt: number; readonly endAt: number },
): number =>
  new Set(
    on(windows, testId)
      .flatMap(({ fields }) => {
        const lasts = Number(fields['duration'] ?? 0) * 1000
        const begins = { startAt: startAt - lasts + 1, endAt: endAt - lasts - 1 }
        return startsWithin(fields, begins).map((start) => start + lasts)
      })
      .filter((end) => !isSuppressed(windows, testId, end / 1000)),
  ).size
