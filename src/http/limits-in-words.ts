import type { CallLimits } from '#domain/call-limits.ts'
import type { Operation } from '#domain/operation.ts'
import { type Folded, folded } from './folded.ts'

/** Limits as pages tell them. */
export interface LimitsInWords {
  readonly isReadOnly: boolean
  /** As `GET /v7/tests`; undefined when all may be called. */
  readonly operations: Folded<string> | undefined
}

const shown = 6

/** @returns the words for limits; undefined where there are none. An operation that is gone from the table goes by its id */
export function limitsInWords(
  operations: readonly Pick<Operation, 'id' | 'method' | 'path'>[],
): (limits: CallLimits | undefined) => LimitsInWords | undefined {
  const names = new Map(operations.map(({ id, method, path }) => [id, `${method} /v7${path}`]))
  return (limits) =>
    limits && {
      isReadOnly: limits.isReadOnly,
      operations:
        limits.operations &&
        folded(
          [...limits.operations].map((id) => names.get(id) ?? id),
          shown,
        ),
    }
}
