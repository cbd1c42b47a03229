import type { RecordedEvent } from '#audit/audit.ts'
import { userIdOf } from '#domain/user.ts'
import { userInLog } from '../activity-log.ts'
import type { Answer, Answerers, Call } from '../call.ts'
import { groupsOf } from '../caller.ts'
import { isoDate } from '../iso-date.ts'
import { type JsonObject, only, textOf } from '../json.ts'
import { askedPage, pageLinks, sliceOf } from '../paging.ts'
import { isV7Refusal, type V7Refusal } from '../refusals.ts'
import type { Entry } from '../state.ts'
import { isWithin, rangeEcho, type TimeRange, timeRangeOf } from '../time-range.ts'
import { groupsAsked } from './groups-asked.ts'

/** One line of the activity log, with what orders it. */
interface Activity {
  /** Epoch ms. */
  readonly at: number
  readonly aid: string
  readonly shown: JsonObject
}

/** The writes that the engine recorded, oldest first. */
const writes = ({ state, caller }: Call): readonly Activity[] =>
  state
    .all('activity')
    .filter(({ orgId }) => orgId === caller.orgId)
    .toSorted((a, b) => Number(a.fields['number']) - Number(b.fields['number']))
    .map(({ aid = '', fields }) => ({
      at: Number(fields['at']),
      aid,
      shown: only(fields, ['event', 'uid', 'user', 'resources']),
    }))

/** What the audit trail tells of a user. `Login failed.` is the document's own; the other words are ours, after it. */
const words: Readonly<Partial<Record<RecordedEvent['event'], string>>> = {
  'sign-in': 'Login succeeded.',
  'sign-in-refused': 'Login failed.',
  'user-locked': 'User locked.',
  'password-changed': 'Password changed.',
  'password-reset': 'Password reset.',
}

/** Whom it happened to. A failed sign-in names its user beside the address that was typed. */
const userOf = ({ event, actor, userId }: RecordedEvent): string | undefined =>
  event === 'sign-in' ? actor : userId

/** What happened to the organization's users when they signed in, oldest first. It counts to the login account group. */
async function signIns(call: Call, range: TimeRange): Promise<readonly Activity[]> {
  const { state, caller, region, trail } = call
  const users = new Map<string, Entry>(
    state
      .all('users')
      .filter(({ orgId }) => orgId === caller.orgId)
      .map((user) => [userIdOf(region, user.id), user]),
  )
  return (await trail.between(range.startAt, range.endAt)).flatMap((recorded) => {
    const event = words[recorded.event]
    const user = users.get(userOf(recorded) ?? '')
    if (event === undefined || !user) return []
    const shown = { event, uid: user.id, user: userInLog(user), resources: [] }
    return [{ at: recorded.at, aid: groupsOf(user, state)[0] ?? '', shown }]
  })
}

const show = ({ at, aid, shown }: Activity, { state }: Call): JsonObject => ({
  aid,
  accountGroupName: textOf(state.find('account-groups', aid)?.fields['accountGroupName']) ?? '',
  date: isoDate(at),
  ...shown,
})

/** A range is whole seconds; what happened within its last second belongs to it. */
const toEndOfSecond = ({ startAt, endAt }: TimeRange): TimeRange => ({ startAt, endAt: endAt + 999 })

/** Youngest first. Without a range everything that is kept. */
async function list(call: Call): Promise<Answer | V7Refusal> {
  const asked = askedPage(call)
  if (isV7Refusal(asked)) return asked
  const asOf = { startAt: 0, endAt: asked.asOf }
  const range = timeRangeOf(call, asked.asOf)
  if (range && isV7Refusal(range)) return range
  const during = range ? toEndOfSecond(range) : asOf
  const groups = groupsAsked(call)
  const log = [...writes(call), ...(await signIns(call, during))]
    .filter(({ at, aid }) => isWithin(during, at) && isWithin(asOf, at) && groups.includes(aid))
    .sort((a, b) => a.at - b.at)
    .reverse()
  const { rows, left } = sliceOf(asked, log)
  return {
    status: 200,
    varies: true,
    body: {
      auditEvents: rows.map((activity) => show(activity, call)),
      ...rangeEcho(range),
      _links: pageLinks(call, asked, left),
    },
  }
}

/** `/audit-user-events`: writes of v7 and sign-ins. Addresses are not shown, because the upstream learns of none. */
export const userEvents = (): Answerers => ({ getUserEvents: list })
