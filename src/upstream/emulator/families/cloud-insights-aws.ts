import { createHash } from 'node:crypto'
import type { Answerer, Answerers, Call } from '../call.ts'
import { crud, type Family } from '../crud.ts'
import { textsOf } from '../json.ts'
import type { Model } from '../model.ts'
import { uuid } from '../uuid.ts'
import { type AwsPolicies, flowLogsPolicies, inventoryPolicies } from './aws-policies.ts'
import { awsSettingsIn } from './cloud-insights-settings.ts'

const root = '/cloud-insights/integration/aws'

/** One for an account group, whatever it monitors (official document, `externalId`). The digits are made up. */
const externalIdOf = ({ region, aid }: Call): string =>
  createHash('sha1').update(`${region} ${aid}`).digest('hex')

const integration: Family = {
  path: root,
  collection: 'aws-integrations',
  idKey: 'id',
  owner: 'account-group',
  newId: uuid,
  show: ({ fields }, call) => ({ ...fields, externalId: externalIdOf(call) }),
}

/** Created below the path of what it monitors, read and deleted at the common one. */
const created = (segment: string, monitoringType: string): Family => ({
  ...integration,
  path: `${root}/${segment}`,
  itemPath: root,
  accept: ({ merged }) => ({ fields: { ...merged, monitoringType } }),
})

/** A document of policies, as one JSON string in the JSON answer. */
const policies =
  (
    of: (facts: { externalId: string; resourceGroups: readonly string[]; isTrailed: boolean }) => AwsPolicies,
  ): Answerer =>
  (call) => {
    const settings = awsSettingsIn(call)
    const body = of({
      externalId: externalIdOf(call),
      resourceGroups: textsOf(settings['enabledResourceGroupTypes']),
      isTrailed: settings['enabledCloudtrail'] === true,
    })
    return { status: 200, body: JSON.stringify({ policies: body }) }
  }

/** `/cloud-insights/integration/aws`. */
export const cloudInsightsAws = (model: Model): Answerers => ({
  ...crud(integration, model),
  ...crud(created('inventory', 'inventory-monitoring'), model),
  ...crud(created('flow-logs', 'flow-logs-monitoring'), model),
  getAWSInventoryMonitoringIntegrationPolicies: policies(inventoryPolicies),
  getAWSFlowlogsMonitoringIntegrationPolicies: policies(flowLogsPolicies),
})
