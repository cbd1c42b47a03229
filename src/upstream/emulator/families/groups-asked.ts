import type { Call } from '../call.ts'

/**
 * The account groups that a call is for: its own, or on demand all in which the caller may do the same. Only operations that
 * have the parameter know it: the gateway judges no other one by it.
 */
export function groupsAsked(call: Call): readonly string[] {
  const known = groupsOfCalls.get(call)
  if (known) return known
  const { query, caller, aid, row, permissions } = call
  const groups =
    'useAllPermittedAids' in row.query && query.get('useAllPermittedAids') === 'true'
      ? caller.groups.filter((group) => permissions.missing(row, caller.permissionsIn(group)) === undefined)
      : [aid]
  groupsOfCalls.set(call, groups)
  return groups
}

/** Asked for each object of a list. */
const groupsOfCalls = new WeakMap<Call, readonly string[]>()
