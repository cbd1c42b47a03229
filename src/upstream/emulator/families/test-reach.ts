import type { Call } from '../call.ts'
import { textsOf } from '../json.ts'
import type { Entry } from '../state.ts'

/** A test of the account group's own, or one that another account group shares with it. */
export const isReachable = (test: Entry, { aid, caller }: Pick<Call, 'aid' | 'caller'>): boolean =>
  test.orgId === caller.orgId &&
  (test.aid === aid || textsOf(test.fields['sharedWithAccounts']).includes(aid))
