/**
 * What tests have used up before they became what they are, or were deleted: a record for each test that has changed what it
 * measures, with the rounds of every stretch of time that it was the same in. Covers the billing period and the one before.
 */
import { isJsonObject, type JsonObject, listOf, objectOf, objectsOf, textOf } from '../json.ts'
import type { Entry, Objects } from '../state.ts'
import type { TimeRange } from '../time-range.ts'

/** By the id of the test, which may be gone. Without an account group, so that it does not go with it. */
export const unitHistory = 'unit-history'

/** How many rounds a test had, by what they are billed as. */
export interface Rounds {
  /** On all of its cloud agents together. */
  readonly cloud: number
  /** By the id of an enterprise agent. */
  readonly enterprise: ReadonlyMap<string, number>
}

/** Rounds of a time in which the test did not change, both ends included. Epoch ms. */
export interface Stretch extends TimeRange {
  readonly rounds: Rounds
}

export const noRounds: Rounds = { cloud: 0, enterprise: new Map() }

export function sumOfRounds(all: readonly Rounds[]): Rounds {
  const enterprise = new Map<string, number>()
  for (const rounds of all)
    for (const [id, count] of rounds.enterprise) enterprise.set(id, (enterprise.get(id) ?? 0) + count)
  return { cloud: all.reduce((sum, { cloud }) => sum + cloud, 0), enterprise }
}

const seconds = (at: number): number => Math.floor(at / 1000)

/**
 * How many of a stretch's rounds are in the span. They stand evenly in their stretch, so that spans side by side have those of
 * the span over both.
 */
function countIn(count: number, stretch: TimeRange, span: TimeRange): number {
  const [first, last] = [seconds(stretch.startAt), seconds(stretch.endAt)]
  const until = (at: number): number => {
    if (at >= last) return count
    return at < first ? 0 : Math.floor((count * (at - first)) / (last - first))
  }
  return Math.max(0, until(seconds(span.endAt)) - until(seconds(span.startAt - 1)))
}

const isOutside = (stretch: TimeRange, span: TimeRange): boolean =>
  seconds(span.startAt - 1) >= seconds(stretch.endAt) || seconds(span.endAt) < seconds(stretch.startAt)

const enterpriseOf = ({ enterprise }: JsonObject): readonly (readonly [string, number])[] =>
  Object.entries(objectOf(enterprise)).map(([id, count]) => [id, Number(count)])

const rangeOf = ({ startAt, endAt }: JsonObject): TimeRange => ({
  startAt: Number(startAt),
  endAt: Number(endAt),
})

export const stretchesOf = (record: Entry | undefined): readonly Stretch[] =>
  objectsOf(record?.fields['stretches']).map((stored) => ({
    ...rangeOf(stored),
    rounds: { cloud: Number(stored['cloud']), enterprise: new Map(enterpriseOf(stored)) },
  }))

/** When the last of them ended, epoch ms: they stand in the order of time. */
export const lastSettledAt = (record: Entry): number =>
  Number(objectOf(listOf(record.fields['stretches']).at(-1))['endAt'] ?? 0)

export const storedStretch = ({ startAt, endAt, rounds }: Stretch): JsonObject => ({
  startAt,
  endAt,
  cloud: rounds.cloud,
  enterprise: Object.fromEntries(rounds.enterprise),
})

/** What of a stretch was by an instant that the clock has been set back to. */
export function stretchUntil(stretch: Stretch, at: number): Stretch {
  if (stretch.endAt <= at) return stretch
  const part = (count: number): number => countIn(count, stretch, { startAt: stretch.startAt, endAt: at })
  const enterprise = new Map([...stretch.rounds.enterprise].map(([id, count]) => [id, part(count)]))
  return { ...stretch, endAt: at, rounds: { cloud: part(stretch.rounds.cloud), enterprise } }
}

/** Rounds of the span that the test had before it became what it is. Many tests are asked for theirs at once. */
export function settledRounds(record: Entry | undefined, span: TimeRange): Rounds {
  let cloud = 0
  const enterprise = new Map<string, number>()
  for (const stored of objectsOf(record?.fields['stretches'])) {
    const stretch = rangeOf(stored)
    if (isOutside(stretch, span)) continue
    cloud += countIn(Number(stored['cloud']), stretch, span)
    for (const [id, count] of enterpriseOf(stored))
      enterprise.set(id, (enterprise.get(id) ?? 0) + countIn(count, stretch, span))
  }
  return { cloud, enterprise }
}

/** Since when the test is what it is, epoch ms; 0 for one that never changed. */
export const unchangedSince = (record: Entry | undefined): number => Number(record?.fields['since'] ?? 0)

/** What a row tells of an enterprise agent, be it gone. */
export interface NamedAgent {
  readonly id: string
  readonly name: string
  readonly aid: string
  readonly accountGroupName: string
}

export const groupNameOf = (aid: string | undefined, objects: Objects): string =>
  textOf(objects.find('account-groups', aid ?? '')?.fields['accountGroupName']) ?? ''

export const namedAgent = ({ id, aid = '', fields }: Entry, objects: Objects): NamedAgent => ({
  id,
  name: textOf(fields['agentName']) ?? '',
  aid,
  accountGroupName: groupNameOf(aid, objects),
})

/** The agent as it is, or as one of the records knows it from when its test was settled. */
export function agentInHistory(
  id: string,
  records: readonly (Entry | undefined)[],
  objects: Objects,
): NamedAgent {
  const agent = objects.find('agents', id)
  if (agent) return namedAgent(agent, objects)
  const known = records.map((record) => objectOf(record?.fields['agents'])[id]).find(isJsonObject)
  return {
    id,
    name: textOf(known?.['name']) ?? '',
    aid: textOf(known?.['aid']) ?? '',
    accountGroupName: textOf(known?.['accountGroupName']) ?? '',
  }
}
