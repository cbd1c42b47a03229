import type { Answer, Answerers, Call } from '../call.ts'
import { isoDate } from '../iso-date.ts'
import { type JsonObject, present } from '../json.ts'
import { drawOf } from '../measurements/draw.ts'
import { slotSeconds, slotsBetween } from '../measurements/slots.ts'
import { byStart } from '../paging.ts'
import { isV7Refusal, type V7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { rangeEcho, timeRangeOf } from '../time-range.ts'
import { seesAgent } from './agent-relations.ts'

/** A time in which a cloud agent itself is impaired, which says nothing of the targets of its tests (official document). */
interface LocalProblem {
  readonly id: string
  readonly agent: Entry
  /** Epoch ms. */
  readonly startAt: number
  readonly endAt: number
}

/** How many slots of eight hours have a problem of an agent, and how many minutes it lasts. Ours. */
const share = 0.08
const minutes = [3, 90] as const

/** Nothing but this list tells of it: results of tests are as if the agent was well. Ours. */
function problemIn(agent: Entry, slot: number, { region }: Call): readonly LocalProblem[] {
  const draw = drawOf(`${region} ${agent.id} local problem ${slot}`)
  if (draw.fraction('any') >= share) return []
  const length = draw.whole('minutes', minutes) * 60
  const start = slot * slotSeconds + draw.whole('start', [0, (slotSeconds - length) / 60]) * 60
  return [{ id: agent.id, agent, startAt: start * 1000, endAt: (start + length) * 1000 }]
}

function shown({ agent, startAt, endAt }: LocalProblem, now: number): JsonObject {
  const { agentName, countryId, location } = agent.fields
  const active = endAt > now
  return {
    agent: present({ agentId: agent.id, agentName, countryId, location }),
    startDate: isoDate(startAt),
    // Null and not left out: so the document has it for problems that go on.
    endDate: active ? null : isoDate(endAt),
    duration: Math.floor(((active ? now : endAt) - startAt) / 1000),
    active,
  }
}

/** Those that were there at some time of the range, without one those that go on; the youngest first. */
function list(call: Call): Answer | V7Refusal {
  const { now } = call
  const asked = timeRangeOf(call, now)
  if (asked && isV7Refusal(asked)) return asked
  const range = asked ?? { startAt: now, endAt: now }
  const slots = slotsBetween(range.startAt, Math.min(range.endAt, now), now)
  const problems = call.state
    .all('agents')
    .filter((agent) => agent.fields['agentType'] === 'cloud' && seesAgent(agent, call))
    .flatMap((agent) => slots.flatMap((slot) => problemIn(agent, slot, call)))
    .filter(({ startAt, endAt }) => startAt <= Math.min(range.endAt, now) && endAt > range.startAt)
    .sort(byStart)
  return {
    status: 200,
    varies: true,
    body: {
      localProblems: problems.map((problem) => shown(problem, now)),
      ...rangeEcho(range),
      _links: { self: { href: call.href('/agents/local-problems') } },
    },
  }
}

/** `/agents/local-problems`. */
export const localProblems = (): Answerers => ({ getAgentsLocalProblems: list })
