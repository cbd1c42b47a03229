import { textOf } from '../json.ts'
import { invalidField, type V7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'

export const directions = ['to-target', 'from-target', 'bidirectional'] as const
export type Direction = (typeof directions)[number]

const isDirection = (text: string | null | undefined): text is Direction =>
  directions.some((direction) => direction === text)

/** A request for another direction than that of a test that has only one is refused (official document, `direction`). */
function ofOneWay(own: Direction, asked: Direction | undefined): readonly Direction[] | V7Refusal {
  return asked === undefined || asked === own
    ? [own]
    : invalidField('direction', `The test measures ${own} alone.`)
}

/**
 * The directions that a result shows of a test. Of a bidirectional agent-to-agent test the caller chooses.
 * @param ways what it gets without choosing
 */
export function directionsOf(
  { fields }: Entry,
  chosen: string | null,
  ways: readonly Direction[],
): readonly Direction[] | V7Refusal {
  const asked = isDirection(chosen) ? chosen : undefined
  const stored = textOf(fields['direction'])
  const own = fields['type'] === 'agent-to-agent' && isDirection(stored) ? stored : 'to-target'
  if (own !== 'bidirectional') return ofOneWay(own, asked)
  return asked === undefined ? ways : [asked]
}
