import type { Operation } from './operation.ts'

/** What may not be called though a scope opens it: of one grant, or of all grants of an integration. */
export interface CallLimits {
  /** Only operations that change nothing. */
  readonly isReadOnly: boolean
  /** Ids of the operations that may be called; undefined for all that the scopes open. */
  readonly operations: ReadonlySet<string> | undefined
}

/** Why a call is beyond the limits; undefined when it is within them. */
export function beyond(
  limits: CallLimits | undefined,
  operation: Pick<Operation, 'id' | 'isRead'>,
): 'read-only' | 'operation' | undefined {
  if (limits === undefined) return undefined
  if (limits.isReadOnly && !operation.isRead) return 'read-only'
  return limits.operations === undefined || limits.operations.has(operation.id) ? undefined : 'operation'
}
