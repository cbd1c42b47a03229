import type { Call } from '../call.ts'
import { textsOf } from '../json.ts'
import type { Entry } from '../state.ts'
import { snapshotFacts, snapshotsIn } from './snapshot-facts.ts'

/** A test of the account group's own, or one that another account group shares with it. */
export const isReachable = (test: Entry, { aid, caller }: Pick<Call, 'aid' | 'caller'>): boolean =>
  test.orgId === caller.orgId &&
  (test.aid === aid || textsOf(test.fields['sharedWithAccounts']).includes(aid))

/** The test of the path whose results the call reaches: a test, or until it expires the snapshot of one. */
export function testWithResults(call: Call): Entry | undefined {
  const id = call.parameters['testId'] ?? ''
  const test = call.state.find('tests', id) ?? call.state.find(snapshotsIn, id)
  const expiresAt = (test && snapshotFacts(test)?.expiresAt) ?? Number.POSITIVE_INFINITY
  return test && expiresAt > call.now && isReachable(test, call) ? test : undefined
}
