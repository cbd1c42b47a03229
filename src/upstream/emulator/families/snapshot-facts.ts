import { isJsonObject, textOf } from '../json.ts'
import type { RoundSpan } from '../measurements/schedule.ts'
import type { Entry } from '../state.ts'

/** What makes a test a snapshot of another one. */
export interface SnapshotFacts {
  readonly sourceTestId: string
  /** Whose rounds it shows. */
  readonly span: RoundSpan
  /** Epoch ms. */
  readonly createdAt: number
  readonly expiresAt: number
}

export const snapshotsIn = 'test-snapshots'

/** @returns undefined for a test that is no snapshot */
export function snapshotFacts({ fields: { snapshot } }: Entry): SnapshotFacts | undefined {
  if (!isJsonObject(snapshot)) return undefined
  const { sourceTestId, from, to, createdAt, expiresAt } = snapshot
  return {
    sourceTestId: textOf(sourceTestId) ?? '',
    span: { from: Number(from), to: Number(to) },
    createdAt: Number(createdAt),
    expiresAt: Number(expiresAt),
  }
}
