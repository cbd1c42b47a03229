import type { Answerers, Call } from '../call.ts'
import { isOwn } from '../crud.ts'
import type { Json } from '../json.ts'
import { invalidField } from '../refusals.ts'

/** The newest events of an account group; nothing reads them back, so that more would only fill the store. */
const eventsKept = 100

function keep(event: Json, { state, caller, aid }: Call): void {
  const id = state.nextId({ name: 'itsiEvents', first: 1 })
  state.put({ collection: 'itsi-events', id, orgId: caller.orgId, aid, fields: { event } })
}

function dropOldest(call: Call): void {
  const kept = call.state.all('itsi-events').filter((entry) => isOwn(entry, call))
  for (const { id } of kept.slice(0, Math.max(0, kept.length - eventsKept)))
    call.state.remove('itsi-events', id)
}

/** What Splunk ITSI sends through its ThousandEyes App: any JSON object, or several in a list. The form is not published. */
export const itsiEvents = (): Answerers => ({
  ingestItsiEvents(call) {
    const events: readonly Json[] = [call.body ?? null].flat()
    if (events.some((event) => typeof event !== 'object' || event === null))
      return invalidField('body', 'must be an object or a list of objects.')
    for (const event of events.slice(-eventsKept)) keep(event, call)
    dropOldest(call)
    return { status: call.row.answer.status }
  },
})
