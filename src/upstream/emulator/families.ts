import type { Answerer, Answerers } from './call.ts'
import { accountGroups } from './families/account-groups.ts'
import { agentClusters } from './families/agent-clusters.ts'
import { agentTests } from './families/agent-tests.ts'
import { agents } from './families/agents.ts'
import { alertRules } from './families/alert-rules.ts'
import { alertSuppressionWindows } from './families/alert-suppression-windows.ts'
import { alerts } from './families/alerts.ts'
import { apiResults } from './families/api-results.ts'
import { apiTokens } from './families/api-tokens.ts'
import { autonomousSystems } from './families/autonomous-systems.ts'
import { bgpResults } from './families/bgp-results.ts'
import { catalogProviders } from './families/catalog-providers.ts'
import { catalogues } from './families/catalogues.ts'
import { cloudInsightsAws } from './families/cloud-insights-aws.ts'
import { cloudInsightsAzure } from './families/cloud-insights-azure.ts'
import { cloudInsightsSettings } from './families/cloud-insights-settings.ts'
import { conjurConnectors } from './families/conjur-connectors.ts'
import { connectorAssignments } from './families/connector-assignments.ts'
import { credentialVaultOperations } from './families/credential-vault-operations.ts'
import { credentials } from './families/credentials.ts'
import { dashboardFilters } from './families/dashboard-filters.ts'
import { dashboardSnapshots } from './families/dashboard-snapshots.ts'
import { dashboardWidgets } from './families/dashboard-widgets.ts'
import { dashboards } from './families/dashboards.ts'
import { dnsResults } from './families/dns-results.ts'
import { emulation } from './families/emulation.ts'
import { endpointAgentFilter } from './families/endpoint-agent-filter.ts'
import { endpointAgentLogs } from './families/endpoint-agent-logs.ts'
import { endpointAgentTransfers } from './families/endpoint-agent-transfers.ts'
import { endpointAgents } from './families/endpoint-agents.ts'
import { endpointHttpResults } from './families/endpoint-http-results.ts'
import { endpointInstantTests } from './families/endpoint-instant-tests.ts'
import { endpointLabels } from './families/endpoint-labels.ts'
import { endpointNetworkResults } from './families/endpoint-network-results.ts'
import { endpointPathVis } from './families/endpoint-path-vis.ts'
import { endpointSessionPages } from './families/endpoint-session-pages.ts'
import { endpointSessionResults } from './families/endpoint-session-results.ts'
import { endpointSettings } from './families/endpoint-settings.ts'
import { endpointTests } from './families/endpoint-tests.ts'
import { events } from './families/events.ts'
import { ftpResults } from './families/ftp-results.ts'
import { genericConnectors } from './families/generic-connectors.ts'
import { httpResults } from './families/http-results.ts'
import { instantTests } from './families/instant-tests.ts'
import { interfaceGroups } from './families/interface-groups.ts'
import { itsiEvents } from './families/itsi-events.ts'
import { localNetworkResults } from './families/local-network-results.ts'
import { localProblems } from './families/local-problems.ts'
import { networkResults } from './families/network-results.ts'
import { outages } from './families/outages.ts'
import { pageLoadResults } from './families/page-load-results.ts'
import { panoramaConnectors } from './families/panorama-connectors.ts'
import { pathVisResults } from './families/path-vis-results.ts'
import { quotas } from './families/quotas.ts'
import { realUserTests } from './families/real-user-tests.ts'
import { roles } from './families/roles.ts'
import { rtpResults } from './families/rtp-results.ts'
import { sipResults } from './families/sip-results.ts'
import { streams } from './families/streams.ts'
import { tagBulk } from './families/tag-bulk.ts'
import { tags } from './families/tags.ts'
import { templates } from './families/templates.ts'
import { testHistory } from './families/test-history.ts'
import { testSnapshots } from './families/test-snapshots.ts'
import { tests } from './families/tests.ts'
import { usage } from './families/usage.ts'
import { usageUnits } from './families/usage-units.ts'
import { userEvents } from './families/user-events.ts'
import { users } from './families/users.ts'
import { webTransactionResults } from './families/web-transaction-results.ts'
import { webhookOperations } from './families/webhook-operations.ts'
import type { Model } from './model.ts'

/** Makes the answerers of one or more families from the official document. */
export type FamilyModule = (model: Model) => Answerers

/**
 * Everything that is emulated. What the document has and no module here answers is 501. To add a family, write a module
 * under families/ that returns `crud({...}, model)`, or answerers by operation id, and name it here. A module bears the name
 * of its file: `accountGroups` of account-groups.ts.
 */
const modules: Readonly<Record<string, FamilyModule>> = {
  accountGroups,
  users,
  roles,
  agents,
  agentClusters,
  agentTests,
  tests,
  testHistory,
  instantTests,
  catalogues,
  localProblems,
  networkResults,
  httpResults,
  pathVisResults,
  pageLoadResults,
  webTransactionResults,
  apiResults,
  ftpResults,
  dnsResults,
  sipResults,
  rtpResults,
  bgpResults,
  autonomousSystems,
  interfaceGroups,
  testSnapshots,
  alertRules,
  streams,
  tags,
  tagBulk,
  templates,
  dashboards,
  dashboardWidgets,
  dashboardFilters,
  dashboardSnapshots,
  emulation,
  apiTokens,
  itsiEvents,
  credentials,
  alertSuppressionWindows,
  endpointLabels,
  webhookOperations,
  credentialVaultOperations,
  genericConnectors,
  panoramaConnectors,
  conjurConnectors,
  connectorAssignments,
  cloudInsightsAws,
  cloudInsightsAzure,
  cloudInsightsSettings,
  catalogProviders,
  outages,
  quotas,
  usage,
  usageUnits,
  alerts,
  events,
  userEvents,
  endpointAgents,
  endpointAgentFilter,
  endpointAgentLogs,
  endpointAgentTransfers,
  endpointSettings,
  endpointTests,
  endpointInstantTests,
  endpointPathVis,
  endpointHttpResults,
  endpointNetworkResults,
  endpointSessionResults,
  endpointSessionPages,
  localNetworkResults,
  realUserTests,
}

/** What answers one operation. */
export interface Answered {
  /** The name of the module, as `accountGroups`. */
  readonly module: string
  readonly answerer: Answerer
}

/** @throws when two modules answer the same operation, or one that the document does not have */
export function answerersOf(model: Model): ReadonlyMap<string, Answered> {
  const known = new Set(model.rows.map(({ id }) => id))
  const answerers = new Map<string, Answered>()
  for (const [name, module] of Object.entries(modules))
    for (const [id, answerer] of Object.entries(module(model))) {
      if (!known.has(id)) throw new Error(`a family answers ${id}, which is no operation`)
      if (answerers.has(id)) throw new Error(`two families answer ${id}`)
      answerers.set(id, { module: name, answerer })
    }
  return answerers
}
