import type { RecordedEvent } from '#audit/audit.ts'
import type { User } from '#domain/user.ts'
import { type Activity, activityPage } from './activity-page.ts'
import { type ActivityFacts, activityInWords, isWarning } from './activity-words.ts'
import { integrationName } from './integration-name.ts'
import type { AccountParts, Section } from './section.ts'

const tab = { href: '/account/activity', name: 'Activity' }
const most = 50

const byWhom = ({ actor }: RecordedEvent, user: User): ActivityFacts['by'] => {
  if (actor === user.id) return 'user'
  return actor === 'operator' ? 'operator' : 'other'
}

/** What the audit trail has of a user, newest first. */
function activitiesOf({ trail, integrations }: AccountParts): (user: User) => Promise<readonly Activity[]> {
  const nameOf = integrationName(integrations)

  return async (user) => {
    const events = await trail.newestOf(user.id, most)
    const clientIds = [...new Set(events.flatMap(({ clientId }) => clientId ?? []))]
    const names = new Map(
      await Promise.all(clientIds.map(async (clientId) => [clientId, await nameOf(clientId)] as const)),
    )
    return events.map((recorded) => ({
      words: activityInWords(recorded.event, {
        integration: names.get(recorded.clientId ?? '') ?? 'An integration',
        by: byWhom(recorded, user),
        detail: recorded.detail,
      }),
      at: recorded.at,
      address: recorded.address,
      isWarning: isWarning(recorded.event),
    }))
  }
}

/** Activity: the audit trail as far as it is the user's own. */
export const activitySection: Section = {
  tab,
  open(router, frame, parts) {
    const activities = activitiesOf(parts)
    router.get(
      tab.href,
      frame.page(async (_, who) =>
        activityPage(parts.views, {
          frame: frame.around(who, tab.href),
          activities: await activities(who.user),
          most,
        }),
      ),
    )
  },
}
