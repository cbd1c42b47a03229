/** What Cloud Insights inventories: one object for each account group and cloud, which is there from the start. */
import type { Answer, Answerers, Call } from '../call.ts'
import { type Json, type JsonObject, objectOf, textsOf } from '../json.ts'
import type { Model } from '../model.ts'
import { project, suppliedFields } from '../project.ts'

const collection = 'cloud-insights-settings'

interface Cloud {
  readonly name: string
  /** Stands in the settings whatever a client says (official document). */
  readonly mandatoryGroup: string
  /** The settings of an account group that never changed them: ours, as the document names none. */
  readonly initial: (model: Model) => JsonObject
}

const enumOf = (model: Model, schema: string): readonly Json[] => model.schema(schema).enum ?? []

const aws: Cloud = {
  name: 'aws',
  mandatoryGroup: 'ec2',
  initial: (model) => ({
    enabledResourceGroupTypes: enumOf(model, 'AwsResourceGroupType'),
    enabledRegions: enumOf(model, 'AwsRegion'),
    enabledCloudtrail: false,
  }),
}

const azure: Cloud = {
  name: 'azure',
  mandatoryGroup: 'networking',
  initial: (model) => ({
    enabledResourceGroupTypes: enumOf(model, 'AzureResourceGroupType'),
    subscriptionsPolicy: { rules: [], defaultAction: 'include' },
  }),
}

const settingsIn = ({ state, aid, model }: Call, { name, initial }: Cloud): JsonObject =>
  state.find(collection, `${aid}.${name}`)?.fields ?? initial(model)

/** The AWS settings of the call's account group. */
export const awsSettingsIn = (call: Call): JsonObject => settingsIn(call, aws)

function answer(call: Call, settings: JsonObject): Answer {
  const { model, row, href } = call
  const shown = objectOf(project(model, model.schema(row.answer.schema ?? ''), settings))
  return { status: 200, body: { ...shown, _links: { self: { href: href(row.path) } } } }
}

/** The settings that the body gives: lists without repetitions, and with the group that is always enabled. */
function givenSettings({ model, row, body }: Call, { mandatoryGroup }: Cloud): JsonObject {
  const supplied = suppliedFields(model, model.schema(row.body?.schema ?? ''), body)
  const groups = new Set([...textsOf(supplied['enabledResourceGroupTypes']), mandatoryGroup])
  const regions = supplied['enabledRegions']
  return {
    ...supplied,
    enabledResourceGroupTypes: [...groups],
    ...(regions !== undefined && { enabledRegions: [...new Set(textsOf(regions))] }),
  }
}

function replace(call: Call, cloud: Cloud): Answer {
  const fields = givenSettings(call, cloud)
  const { state, aid, caller } = call
  state.put({ collection, id: `${aid}.${cloud.name}`, orgId: caller.orgId, aid, fields })
  return answer(call, fields)
}

/** `/cloud-insights/integration/{aws,azure}/policy/settings`. */
export const cloudInsightsSettings = (): Answerers => ({
  getAWSIntegrationPolicySettings: (call) => answer(call, settingsIn(call, aws)),
  updateAWSIntegrationPolicySettings: (call) => replace(call, aws),
  getAzureIntegrationPolicySettings: (call) => answer(call, settingsIn(call, azure)),
  updateAzureIntegrationPolicySettings: (call) => replace(call, azure),
})
