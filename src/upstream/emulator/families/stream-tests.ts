import type { Call } from '../call.ts'
import { objectsOf } from '../json.ts'

/** Takes a test that is deleted out of the streams that name it, as it leaves rules, windows and tags. */
export function leaveStreams(testId: string, { state }: Call): void {
  for (const stream of state.all('streams')) {
    const matched = objectsOf(stream.fields['testMatch'])
    const kept = matched.filter(({ id }) => id !== testId)
    if (kept.length < matched.length) state.put({ ...stream, fields: { ...stream.fields, testMatch: kept } })
  }
}
