import type { Answerers } from '../call.ts'
import { crud, type Family } from '../crud.ts'
import type { Model } from '../model.ts'
import { connectorFamily } from './connector-family.ts'

/** Palo Alto Networks Panorama. The document marks its secrets as write-only, so answers leave them out. */
export const panoramaConnector: Family = connectorFamily({
  path: '/connectors/panorama',
  collection: 'panorama-connectors',
  types: ['panorama'],
  secretKeys: ['password', 'token'],
})

/** `/connectors/panorama`. */
export const panoramaConnectors = (model: Model): Answerers => crud(panoramaConnector, model)
