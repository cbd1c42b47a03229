/** Which endpoint agents measured for a test, and when: those that were selected and switched on, at most so many at once. */
import { meanwhile, type Run } from '../measurements/schedule.ts'
import type { Entry, Objects } from '../state.ts'
import { mostMachinesOf } from './endpoint-agent-relations.ts'
import { forEver } from './stored-runs.ts'
import { linksOf } from './test-links.ts'
import type { Source } from './test-measured.ts'
import { scheduleOf } from './test-schedule.ts'

/** When which of the sources begin and end to be on, by the time. */
function switchesOf(
  sources: readonly Source[],
): ReadonlyMap<number, readonly (readonly [number, boolean])[]> {
  const switches = new Map<number, (readonly [number, boolean])[]>()
  const note = (at: number, index: number, isOn: boolean): void => {
    const known = switches.get(at)
    if (known) known.push([index, isOn])
    else switches.set(at, [[index, isOn]])
  }
  for (const [index, { on }] of sources.entries())
    for (const { from, to } of on) {
      note(from, index, true)
      note(to + 1, index, false)
    }
  return switches
}

/** The first of those that are on, as many as there may be at once. */
function firstOf(isOn: readonly number[], most: number): ReadonlySet<number> {
  const first = new Set<number>()
  for (let index = 0; index < isOn.length && first.size < most; index += 1)
    if ((isOn[index] ?? 0) > 0) first.add(index)
  return first
}

/** From when on which are the first of those that are on. */
interface Step {
  readonly at: number
  readonly first: ReadonlySet<number>
}

function stepsOf(sources: readonly Source[], most: number): readonly Step[] {
  const isOn = sources.map(() => 0)
  return [...switchesOf(sources)]
    .filter(([at]) => at !== forEver)
    .sort(([a], [b]) => a - b)
    .map(([at, switched]) => {
      for (const [index, goesOn] of switched) isOn[index] = (isOn[index] ?? 0) + (goesOn ? 1 : -1)
      return { at, first: firstOf(isOn, most) }
    })
}

/** The time in which one was among the first, in runs that follow each other at once where it was that in several steps. */
const runsAmong = (steps: readonly Step[], index: number): readonly Run[] =>
  steps.flatMap(({ at, first }, step) =>
    first.has(index) ? [{ interval: 1, from: at, to: (steps[step + 1]?.at ?? forEver) - 1 }] : [],
  )

/** Each for the time in which it was not beyond the largest number, by the order of their registration. */
function limited(sources: readonly Source[], most: number): readonly Source[] {
  if (sources.length <= most) return sources
  const steps = stepsOf(sources, most)
  return sources.map((one, index) => ({ ...one, on: runsAmong(steps, index) }))
}

/**
 * The agents of an endpoint test, those that are switched off or deleted or were taken from it too. One that was moved to another
 * account group takes what it measured along.
 */
export function endpointAgentsEver(test: Entry, state: Objects): readonly Source[] {
  const sources = [...linksOf(test, 'endpointAgents', state)].flatMap(([id, linked]) => {
    const entry = state.find('endpoint-agents', id)
    return entry?.aid === test.aid && entry ? [{ entry, on: meanwhile(scheduleOf(entry), linked) }] : []
  })
  return limited(
    sources.filter(({ on }) => on.length > 0).sort((a, b) => a.entry.sequence - b.entry.sequence),
    mostMachinesOf(test),
  )
}
