import type { Answerers } from '../call.ts'
import { crud, type Family } from '../crud.ts'
import { textOf, without } from '../json.ts'
import type { Model } from '../model.ts'

const userAgent: Family = {
  path: '/user-agents',
  collection: 'user-agents',
  idKey: 'id',
  owner: 'organization',
  newId: () => '',
}

const templates = ['availableUserAgents', 'defaultUserAgentTemplate']

/** Browsers that a mobile device, or one with a keyboard, can pretend to be. */
const mobile = ['phone', 'tablet']

/** Devices belong to the organization: their list takes no account group. Names and codes of new ones are ours. */
const emulatedDevice: Family = {
  path: '/emulated-devices',
  collection: 'emulated-devices',
  idKey: 'id',
  owner: 'organization',
  newId: ({ state }) => state.nextId({ name: 'emulatedDeviceIds', first: 101 }),
  accept({ call, merged }) {
    const { category, width, height } = merged
    const isMobile = mobile.includes(String(category))
    const fitting = call.state
      .all('user-agents')
      .filter(({ fields }) => (fields['isMobile'] === true) === isMobile)
      .flatMap(({ fields }) => textOf(fields['value']) ?? [])
    const [first = ''] = fitting
    return {
      fields: {
        ...merged,
        name: `Custom ${category} ${width} x ${height}`,
        codeName: `CUSTOM_${String(category).toUpperCase()}_${width}_${height}`,
        availableUserAgents: fitting,
        defaultUserAgentTemplate: first,
      },
    }
  },
  show: ({ fields }, { expand }) => (expand.has('user-agent') ? fields : without(fields, templates)),
}

/** `/user-agents` and `/emulated-devices`: catalogues of the region, and an organization's own devices beside them. */
export const emulation = (model: Model): Answerers => ({
  ...crud(userAgent, model),
  ...crud(emulatedDevice, model),
})
