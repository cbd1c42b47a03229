import { isIP } from 'node:net'
import type { Answerers } from '../call.ts'
import { type Acceptance, type Accepted, crud, type Family } from '../crud.ts'
import { textsOf } from '../json.ts'
import type { Model } from '../model.ts'
import { invalidField, type V7Refusal } from '../refusals.ts'

/** The document says that these are addresses, and not that others are refused: that is ours. */
function accept({ merged, supplied }: Acceptance): Accepted | V7Refusal {
  const addresses = textsOf(merged['ipAddresses'])
  const stray = addresses.findIndex((address) => isIP(address) === 0)
  if (stray >= 0) return invalidField(`ipAddresses[${stray}]`, 'must be an IPv4 or IPv6 address.')
  if (supplied['groupName'] === '') return invalidField('groupName', 'Group name is empty.')
  return { fields: { ...merged, ipAddresses: [...new Set(addresses)] } }
}

const interfaceGroup: Family = {
  path: '/network/path-vis/interface-groups',
  collection: 'interface-groups',
  idKey: 'groupId',
  owner: 'account-group',
  newId: ({ state }) => state.nextId(),
  accept,
  // Expressions on names are read-only in v7: they are made elsewhere, and there is no elsewhere here.
  show: ({ aid = '', fields }) => ({ ...fields, aid, rdnsRegexes: [] }),
}

/** `/network/path-vis/interface-groups`. No answer of v7 shows to which group an interface belongs: path visualization has no field for it. */
export const interfaceGroups = (model: Model): Answerers => crud(interfaceGroup, model)
