import type { Family } from '../crud.ts'
import { objectOf, without } from '../json.ts'
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

/** What an update without it takes away: Terraform's provider leaves an authentication out to have none (its acceptance tests). */
const taken = ['authentication', 'headers']

/** A kind of connector: where operations are sent to. */
export const connectorFamily = ({ path, collection, types, secretKeys }: ConnectorKind): Family => ({
  path,
  collection,
  idKey: 'id',
  owner: 'account-group',
  newId: uuid,
  accept({ call, supplied, merged, stored }) {
    if (!types.includes(String(merged['type'])))
      return invalidField('type', `must be one of ${types.join(', ')}.`)
    const left = stored ? taken.filter((key) => supplied[key] === undefined) : []
    const given = objectOf(unmasked(without(merged, left), stored?.fields))
    return { fields: { ...given, lastModifiedDate: call.now } }
  },
  show: ({ fields }) => ({ ...objectOf(masked(fields, secretKeys)), ...headersShown(fields) }),
  beforeDelete: (connector, call) => setOperationsOf(connector, [], call),
})
