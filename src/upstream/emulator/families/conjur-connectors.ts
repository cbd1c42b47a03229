import type { Answerers } from '../call.ts'
import { crud, type Family } from '../crud.ts'
import type { Model } from '../model.ts'
import { connectorFamily } from './connector-family.ts'

/**
 * CyberArk Conjur. The document's enum of its type names only `generic` (v7-notes section 11): both words are taken, and the
 * answer repeats the one that was given.
 */
export const conjurConnector: Family = connectorFamily({
  path: '/connectors/conjur',
  collection: 'conjur-connectors',
  types: ['conjur', 'generic'],
  secretKeys: ['apiKey'],
})

/** `/connectors/conjur`. */
export const conjurConnectors = (model: Model): Answerers => crud(conjurConnector, model)
