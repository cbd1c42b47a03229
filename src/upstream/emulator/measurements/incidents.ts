import { type Draw, drawOf } from './draw.ts'
import type { MeasuredTest } from './measurements.ts'
import { pauseAfter, type Run, roundOf } from './schedule.ts'
import { slotOf, slotSeconds } from './slots.ts'

/**
 * A time in which a test measures badly. Results show it, and alerts and events follow from it. A test has at most one in
 * every slot of eight hours, and none that reaches into the next slot.
 */
export interface Incident {
  readonly kind: IncidentKind
  /** Number of the slot since 1970. */
  readonly slot: number
  /** First bad round, and the first instant behind that is good, epoch seconds. */
  readonly start: number
  readonly end: number
  /** When it is over: at its end, unless the test is switched off before. */
  readonly over: number
  readonly draw: Draw
  /** Which of the test's agents, or monitors, suffer: at least one. */
  hits(sourceIds: readonly string[]): readonly string[]
}

/** `loss`: packets are lost. `unavailable`: the target answers wrongly or not at all. `unreachable`: routes to its prefix are lost. */
export type IncidentKind = 'loss' | 'unavailable' | 'unreachable'

const share = 0.6
const hitShare = 0.7

const kindsOf: Readonly<Record<string, readonly IncidentKind[]>> = {
  'agent-to-server': ['loss'],
  'agent-to-agent': ['loss'],
  voice: ['loss'],
  'dns-server': ['unavailable'],
  'dns-trace': ['unavailable'],
  dnssec: ['unavailable'],
  bgp: ['unreachable'],
}
const webKinds: readonly IncidentKind[] = ['loss', 'unavailable']

/** In whatever order they are. */
function hitBy(draw: Draw, sourceIds: readonly string[]): readonly string[] {
  const luck = sourceIds.map((id) => draw.fraction(`hits ${id}`))
  const most = Math.max(hitShare, Math.min(...luck) + Number.EPSILON)
  return sourceIds.filter((_, index) => Number(luck[index]) < most)
}

/** When the incident of a slot is, by the interval of a run. */
function spanIn(
  slot: number,
  { interval }: Run,
  draw: Draw,
): { readonly start: number; readonly end: number } {
  const length = Math.min(draw.whole('length', [2, 12]) * interval, slotSeconds / 2)
  const start = roundOf(slot * slotSeconds + draw.fraction('start') * (slotSeconds - length), interval)
  return { start, end: start + length }
}

/**
 * The incident of a slot, if the test has one there. What has begun stays as the test is changed: the first run that one begins
 * in decides, and a pause ends it.
 */
export function incidentIn(
  { key, type, schedule }: Omit<MeasuredTest, 'shown'>,
  slot: number,
): Incident | undefined {
  const draw = drawOf(`${key} incident ${slot}`)
  if (draw.fraction('any') >= share) return undefined
  const kinds = kindsOf[type] ?? webKinds
  const kind = kinds[draw.whole('kind', [0, kinds.length - 1])]
  if (kind === undefined) return undefined
  for (const run of schedule) {
    if (run.interval === 0 || run.to < slot * slotSeconds) continue
    const { start, end } = spanIn(slot, run, draw)
    if (start < run.from || start > run.to) continue
    const pause = pauseAfter(schedule, start)
    return {
      kind,
      slot,
      start,
      end: Math.min(end, pause + 1),
      over: Math.min(end, pause),
      draw,
      hits: (sourceIds) => hitBy(draw, sourceIds),
    }
  }
  return undefined
}

/** The incident that a round falls into. */
export function incidentAt(test: MeasuredTest, round: number): Incident | undefined {
  const incident = incidentIn(test, slotOf(round))
  return incident && round >= incident.start && round < incident.end ? incident : undefined
}
