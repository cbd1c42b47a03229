import type { Family } from '../crud.ts'
import { objectOf } from '../json.ts'
import { invalidField } from '../refusals.ts'
import { masked, unmasked } from '../secrets.ts'
import { uuid } from '../uuid.ts'
import { setOperationsOf } from './operation-connectors.ts'
import { headersShown } from './secret-headers.ts'

/** What one kind of connector has of its own. */
interface ConnectorKind {
  readonly path: string
  readonly collection: string
  /** The words that its `type` may be. */
  readonly types: readonly string[]
  /** The keys of its authentication that nobody is shown. */
  readonly secretKeys: readonly string[]
}

/** A kind of connector: where operations are sent to. */
export const connectorFamily = ({ path, collection, types, secretKeys }: ConnectorKind): Family => ({
  path,
  collection,
  idKey: 'id',
  owner: 'account-group',
  newId: uuid,
  accept({ call, merged, stored }) {
    if (!types.includes(String(merged['type'])))
      return invalidField('type', `must be one of ${types.join(', ')}.`)
    const given = objectOf(unmasked(merged, stored?.fields))
    return { fields: { ...given, lastModifiedDate: call.now } }
  },
  show: ({ fields }) => ({ ...objectOf(masked(fields, secretKeys)), ...headersShown(fields) }),
  beforeDelete: (connector, call) => setOperationsOf(connector, [], call),
})
