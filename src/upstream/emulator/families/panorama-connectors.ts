import type { Answerers } from '../call.ts'
import { crud, type Family } from '../crud.ts'
import { objectOf } from '../json.ts'
import type { Model } from '../model.ts'
import { masked } from '../secrets.ts'
import { connectorFamily } from './connector-family.ts'

const secretKeys = ['password', 'token']

/**
 * Palo Alto Networks Panorama. The document marks its secrets as write-only, so that they fall away, and as required, so that
 * the models of the official SDK for Python refuse an answer without them.
 */
export const panoramaConnector: Family = {
  ...connectorFamily({
    path: '/connectors/panorama',
    collection: 'panorama-connectors',
    types: ['panorama'],
    secretKeys,
  }),
  showsAnyhow: ({ fields }, { dialect }) =>
    dialect.requiredSecrets === 'masked'
      ? { authentication: masked(objectOf(fields['authentication']), secretKeys) }
      : {},
}

/** `/connectors/panorama`. */
export const panoramaConnectors = (model: Model): Answerers => crud(panoramaConnector, model)
