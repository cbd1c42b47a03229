import type { Answerers } from '../call.ts'
import { crud, type Family } from '../crud.ts'
import type { Model } from '../model.ts'
import { connectorFamily } from './connector-family.ts'

export const genericConnector: Family = connectorFamily({
  path: '/connectors/generic',
  collection: 'generic-connectors',
  types: ['generic'],
  secretKeys: ['password', 'token', 'refreshToken', 'oauthClientSecret', 'code'],
})

/** `/connectors/generic`. */
export const genericConnectors = (model: Model): Answerers => crud(genericConnector, model)
