import type { Answerers } from '../call.ts'
import { crud, type Family } from '../crud.ts'
import { listOf, objectOf } from '../json.ts'
import type { Model } from '../model.ts'
import { unmasked } from '../secrets.ts'
import { uuid } from '../uuid.ts'
import { headersShown } from './secret-headers.ts'

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
}

/** `/operations/webhooks`. */
export const webhookOperations = (model: Model): Answerers => crud(webhookOperation, model)
