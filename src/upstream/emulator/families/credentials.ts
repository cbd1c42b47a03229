import type { Answerers } from '../call.ts'
import { crud, type Family, isOwn } from '../crud.ts'
import { textsOf } from '../json.ts'
import type { Model } from '../model.ts'
import { invalid, invalidField } from '../refusals.ts'
import { uuid } from '../uuid.ts'
import { changeTest } from './test-history.ts'

/**
 * Credentials of transaction scripts. A read shows an opaque text, as the document's example does, and never the value itself:
 * here it has nothing to do with the value, and changes with it.
 */
const credential: Family = {
  path: '/credentials',
  collection: 'credentials',
  idKey: 'id',
  owner: 'account-group',
  newId: ({ state }) => state.nextId({ name: 'credentialIds', first: 3001 }),
  accept({ call, supplied, merged, stored }) {
    const empty = ['name', 'value'].filter((field) => (merged[field] ?? '') === '')
    if (empty.length > 0) return invalid(empty.map((field) => ({ field, message: 'is empty.' })))
    const isTaken = call.state
      .all('credentials')
      .some((one) => isOwn(one, call) && one.id !== stored?.id && one.fields['name'] === merged['name'])
    if (isTaken) return invalidField('name', 'A credential with this name exists already.')
    const value = supplied['value'] === undefined ? (merged['value'] ?? '') : uuid(call)
    return { fields: { ...merged, value } }
  },
  beforeDelete({ id }, call) {
    for (const test of call.state.all('tests')) {
      const ids = textsOf(test.fields['credentials'])
      if (isOwn(test, call) && ids.includes(id))
        changeTest(test, { credentials: ids.filter((one) => one !== id) }, call)
    }
    return undefined
  },
}

/** `/credentials`. */
export const credentials = (model: Model): Answerers => crud(credential, model)
