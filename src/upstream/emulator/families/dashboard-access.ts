import type { Call } from '../call.ts'
import { isOwn } from '../crud.ts'
import { refused, type V7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'

const editAll = 'Edit dashboard templates for all users in account group'

/** A private dashboard is its creator's alone (official document, `isPrivate`); a built-in one is everybody's. */
export const seesDashboard = (dashboard: Entry, call: Call): boolean =>
  isOwn(dashboard, call) &&
  (dashboard.fields['isPrivate'] !== true || dashboard.fields['createdBy'] === call.caller.uid)

/**
 * Why the caller may not change a dashboard or a dashboard filter: without the permission for all users' it has to be the
 * caller's own (official document, notes of the four operations). That built-in ones cannot be changed is inferred.
 */
export function unchangeable({ fields }: Entry, { caller, aid }: Call): V7Refusal | undefined {
  if (fields['isBuiltIn'] === true) return refused('forbidden', 'Built-in dashboards cannot be changed.')
  return fields['createdBy'] === caller.uid || caller.permissionsIn(aid).has(editAll)
    ? undefined
    : refused('forbidden', `The role lacks "${editAll}", and this is another user's.`)
}
