/** Which endpoint agents measured for a test, and when: those that were selected and switched on, at most so many at once. */
import { always, meanwhile, runAt, type Schedule } from '../measurements/schedule.ts'
import type { Entry, Objects } from '../state.ts'
import { mostMachinesOf } from './endpoint-agent-relations.ts'
import { type Switched, spansBetween } from './round-grid.ts'
import { linksOf } from './test-links.ts'
import type { Source } from './test-measured.ts'
import { scheduleOf } from './test-schedule.ts'

/** Without those that were beyond the largest number, by the order of their registration, as long as they were. */
function limited<One extends Switched>(sources: readonly One[], most: number): readonly One[] {
  if (sources.length <= most) return sources
  const runs = new Map(sources.map((one): [One, Schedule[number][]] => [one, []]))
  for (const { from, to } of spansBetween(sources, always).toReversed())
    for (const one of sources.filter(({ on }) => runAt(on, to)).slice(0, most))
      runs.get(one)?.push({ interval: 1, from, to })
  return sources.map((one) => ({ ...one, on: runs.get(one) ?? [] }))
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
