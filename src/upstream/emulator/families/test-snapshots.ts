import { askedPath } from '../asked-path.ts'
import type { Answer, Answerers, Call } from '../call.ts'
import { mintFor } from '../dashboards/widget-ids.ts'
import { isoDate } from '../iso-date.ts'
import { type JsonObject, objectOf, textOf, without } from '../json.ts'
import { invalidField, isV7Refusal, notFound, refused, type V7Refusal } from '../refusals.ts'
import type { Entry, NewEntry } from '../state.ts'
import { parseInstant } from '../time-range.ts'
import { simpleTest } from './agent-show.ts'
import { snapshotFacts, snapshotsIn } from './snapshot-facts.ts'
import { testKindOf } from './test-kinds.ts'
import { isReachable } from './test-reach.ts'

const hourMs = 3_600_000

/** Which spans are taken, how many in which time, and how long they are kept (official document). */
const allowedHours = [1, 2, 4, 6, 12, 24, 48]
const most = 5
const windowMs = 300_000
const keptMs = 30 * 24 * hourMs

interface Span {
  readonly startAt: number
  readonly endAt: number
}

const notAnInstant = 'must be an ISO 8601 date with time and zone, as in 2023-06-06T00:00:00Z.'

/** The span that the body asks for, or why it is none of those that are taken. */
function spanOf(body: JsonObject, now: number): Span | V7Refusal {
  const startAt = parseInstant(textOf(body['startDate']) ?? '')
  const endAt = parseInstant(textOf(body['endDate']) ?? '')
  if (startAt === undefined) return invalidField('startDate', notAnInstant)
  if (endAt === undefined) return invalidField('endDate', notAnInstant)
  if (endAt > now) return invalidField('endDate', 'must not be in the future.')
  return allowedHours.includes((endAt - startAt) / hourMs)
    ? { startAt, endAt }
    : invalidField('endDate', `must be ${allowedHours.join(', ')} hours after startDate.`)
}

/** What others may do with the test is not a part of its snapshot. */
const notFrozen = ['sharedWithAccounts', 'alertRules']

/** A test of its own id, as the other test is now: later changes of that one do not reach it. */
function frozen(test: Entry, { startAt, endAt }: Span, call: Call): NewEntry {
  const { caller, aid, now, state } = call
  const taken = state.all(snapshotsIn).flatMap(({ fields }) => textOf(fields['snapshotId']) ?? [])
  return {
    collection: snapshotsIn,
    id: state.nextId(),
    orgId: caller.orgId,
    aid,
    fields: {
      ...without(test.fields, notFrozen),
      savedEvent: objectOf(call.body)['isPublic'] === true,
      snapshotId: mintFor(call, new Set(taken))(),
      snapshot: {
        sourceTestId: test.id,
        from: startAt / 1000,
        to: endAt / 1000,
        createdAt: now,
        expiresAt: now + keptMs,
      },
    },
  }
}

/** Those of the organization; what has expired is removed with the next creation. */
function livingSnapshots({ state, caller, now }: Call): readonly Entry[] {
  const own = state.all(snapshotsIn).filter(({ orgId }) => orgId === caller.orgId)
  const isExpired = (entry: Entry): boolean => (snapshotFacts(entry)?.expiresAt ?? 0) <= now
  for (const { id } of own.filter(isExpired)) state.remove(snapshotsIn, id)
  return own.filter((entry) => !isExpired(entry))
}

/** There is no web application here, so `appLink` leads to the results that the snapshot shows. */
function shown(snapshot: NewEntry, { startAt, endAt }: Span, call: Call): JsonObject {
  const { displayName = '' } = objectOf(call.body)
  const { type, snapshotId = '' } = snapshot.fields
  const [results = ''] = testKindOf(type)?.results.slice(-1) ?? []
  return {
    id: snapshotId,
    displayName,
    sourceTestId: call.parameters['testId'] ?? '',
    testId: snapshot.id,
    startRoundId: startAt / 1000,
    endRoundId: endAt / 1000,
    roundId: startAt / 1000,
    shareDate: isoDate(call.now),
    uid: call.caller.uid,
    test: simpleTest({ ...snapshot, sequence: 0 }, call),
    _links: {
      self: { href: call.href(askedPath(call.row.path, call.parameters)) },
      appLink: { href: call.href(`/test-results/${snapshot.id}/${results}`) },
    },
  }
}

/** Some regions have no public snapshots, and refuse (official document): private ones too, as it names no exception. */
const areAllowed = ({ state, caller }: Call): boolean =>
  state.find('organizations', caller.orgId)?.fields['publicSnapshots'] !== false

function create(call: Call): Answer | V7Refusal {
  if (!areAllowed(call))
    return refused('forbidden', 'Public snapshots are not enabled for this organization.')
  const test = call.state.find('tests', call.parameters['testId'] ?? '')
  if (!test || !isReachable(test, call) || test.fields['instant'] === true) return notFound
  const span = spanOf(objectOf(call.body), call.now)
  if (isV7Refusal(span)) return span
  const recent = livingSnapshots(call).filter(
    (entry) => (snapshotFacts(entry)?.createdAt ?? 0) > call.now - windowMs,
  )
  if (recent.length >= most)
    return refused('too_many_requests', `No more than ${most} snapshots are created within 5 minutes.`)
  const snapshot = frozen(test, span, call)
  call.state.put(snapshot)
  return { status: call.row.answer.status, body: shown(snapshot, span, call) }
}

/** `POST /tests/{testId}/snapshot`. Its results are read under the id of the snapshot's own test until it expires. */
export const testSnapshots = (): Answerers => ({ createTestSnapshot: create })
