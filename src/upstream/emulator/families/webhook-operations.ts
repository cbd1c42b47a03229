import type { Answerers, Call } from '../call.ts'
import { crud, type Family, isOwn } from '../crud.ts'
import { type Json, listOf, objectOf, objectsOf } from '../json.ts'
import type { Model } from '../model.ts'
import { unmasked } from '../secrets.ts'
import { uuid } from '../uuid.ts'
import { headersShown } from './secret-headers.ts'

/** Alert rules notify it no more. */
function takeFromRules(id: string, call: Call): void {
  for (const rule of call.state.all('alert-rules').filter((one) => isOwn(one, call))) {
    const notifications = objectOf(rule.fields['notifications'])
    const others = Object.entries(notifications).map(([kind, given]): [string, Json] => [
      kind,
      Array.isArray(given) ? objectsOf(given).filter(({ integrationId }) => integrationId !== id) : given,
    ])
    const isNamed = Object.values(notifications).some((given) =>
      objectsOf(given).some(({ integrationId }) => integrationId === id),
    )
    if (isNamed)
      call.state.put({ ...rule, fields: { ...rule.fields, notifications: Object.fromEntries(others) } })
  }
}

/** What alerts and recommendations are sent as. `connectorIds`, which no answer declares, is the relation to connectors. */
const webhookOperation: Family = {
  path: '/operations/webhooks',
  collection: 'webhook-operations',
  idKey: 'id',
  owner: 'account-group',
  newId: uuid,
  accept: ({ merged, stored }) => ({
    fields: {
      enabled: true,
      ...objectOf(unmasked(merged, stored?.fields)),
      connectorIds: listOf(stored?.fields['connectorIds']),
      type: 'webhook',
    },
  }),
  show: ({ fields }) => ({ ...fields, ...headersShown(fields) }),
  beforeDelete({ id }, call) {
    takeFromRules(id, call)
    return undefined
  },
}

/** `/operations/webhooks`. */
export const webhookOperations = (model: Model): Answerers => crud(webhookOperation, model)
