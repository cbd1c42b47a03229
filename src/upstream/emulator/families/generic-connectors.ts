import type { Answerers } from '../call.ts'
import { crud, type Family } from '../crud.ts'
import { objectOf } from '../json.ts'
import type { Model } from '../model.ts'
import { masked, unmasked } from '../secrets.ts'
import { uuid } from '../uuid.ts'
import { setOperationsOf } from './operation-connectors.ts'
import { headersShown } from './secret-headers.ts'

const secretKeys = ['password', 'token', 'refreshToken', 'oauthClientSecret', 'code']

/** Where operations are sent to. */
export const genericConnector: Family = {
  path: '/connectors/generic',
  collection: 'generic-connectors',
  idKey: 'id',
  owner: 'account-group',
  newId: uuid,
  accept: ({ call, merged, stored }) => ({
    fields: {
      ...objectOf(unmasked(merged, stored?.fields)),
      type: 'generic',
      lastModifiedDate: call.now,
    },
  }),
  show: ({ fields }) => ({ ...objectOf(masked(fields, secretKeys)), ...headersShown(fields) }),
  beforeDelete(connector, call) {
    setOperationsOf(connector, [], call)
    return undefined
  },
}

/** `/connectors/generic`. */
export const genericConnectors = (model: Model): Answerers => crud(genericConnector, model)
