import type { Answerers } from '../call.ts'
import { crud, type Family } from '../crud.ts'
import type { Model } from '../model.ts'
import { uuid } from '../uuid.ts'

const root = '/cloud-insights/integration/azure'

/** The document's own: two longer than what stands for secrets elsewhere. */
const mask = '********'

const integration: Family = {
  path: root,
  collection: 'azure-integrations',
  idKey: 'id',
  owner: 'account-group',
  newId: uuid,
  show: ({ fields }) => ({ ...fields, password: mask }),
}

/** Created and changed below the path of what it monitors, read and deleted at the common one. */
const changed = (segment: string, monitoringType: string): Family => ({
  ...integration,
  path: `${root}/${segment}`,
  itemPath: root,
  sees: (entry, call) => entry.aid === call.aid && entry.fields['monitoringType'] === monitoringType,
  accept: ({ merged, stored }) => ({
    fields: {
      ...merged,
      // A client that sends back what it read keeps the secret.
      password:
        (merged['password'] === mask ? stored?.fields['password'] : undefined) ?? merged['password'] ?? '',
      monitoringType,
    },
  }),
})

/** `/cloud-insights/integration/azure`. */
export const cloudInsightsAzure = (model: Model): Answerers => ({
  ...crud(integration, model),
  ...crud(changed('inventory', 'azure-inventory-monitoring'), model),
  ...crud(changed('flow-logs', 'azure-flow-logs-monitoring'), model),
})
