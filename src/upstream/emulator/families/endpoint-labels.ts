import type { Answerers } from '../call.ts'
import { crud, type Family, isOwn, listShape, shown, visible } from '../crud.ts'
import { without } from '../json.ts'
import type { Model } from '../model.ts'
import { askedPage, pageLinks, sliceOf } from '../paging.ts'
import { isV7Refusal } from '../refusals.ts'
import { uuid } from '../uuid.ts'
import { dropReferences } from './endpoint-agent-relations.ts'

const label: Family = {
  path: '/endpoint/labels',
  collection: 'endpoint-labels',
  idKey: 'id',
  owner: 'account-group',
  newId: uuid,
  sees: isOwn,
  beforeDelete(entry, { state }) {
    dropReferences('label', entry, state)
    return undefined
  },
  show: ({ fields }, { expand, row }) =>
    row.method === 'GET' && !expand.has('filters') ? without(fields, ['filters']) : fields,
}

/** `/endpoint/labels`; reads show the filters on demand (`expand`). */
export const endpointLabels = (model: Model): Answerers => ({
  ...crud(label, model),
  getEndpointLabels(call) {
    const asked = askedPage(call)
    if (isV7Refusal(asked)) return asked
    const { rows, left } = sliceOf(asked, visible(label, call))
    const { item } = listShape(model, call.row)
    const labels = rows.map((entry) => shown(label, entry, { ...call, schema: item }))
    return { status: 200, body: { labels, _links: pageLinks(call, asked, left) } }
  },
})
