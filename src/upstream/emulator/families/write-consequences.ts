/** What follows from every write, whichever operation it was, in its own draft. */
import type { Call } from '../call.ts'
import type { Objects, Written } from '../state.ts'
import { keepLinks } from './test-links.ts'
import { keepSchedules } from './test-schedule.ts'
import { settleUsage } from './usage-settlement.ts'

/** @param written what the call did, of which objects are looked up by their ids as they are by then, @param before as they were */
export function followWrite(call: Call, written: Written, before: Objects): void {
  keepSchedules(call, written, before)
  keepLinks(call, written, before)
  settleUsage(call, written, before)
}
