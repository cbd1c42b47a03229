/** Where an object names others: the path of the id below its fields, `*` for each element, and their collection. */
type Reference = readonly [path: string, collection: string]

/**
 * The collections that objects of a seed may be in, as the families keep them, and what their objects name. A family whose
 * objects a seed may hold stands here.
 */
export const seedCollections: Readonly<Record<string, readonly Reference[]>> = {
  agents: [['accountGroups.*', 'account-groups']],
  'agent-notification-rules': [['agents.*', 'agents']],
  'agent-proxies': [],
  'alert-rules': [],
  'alert-suppression-windows': [['tests.*', 'tests']],
  'aws-integrations': [],
  'azure-integrations': [],
  'catalog-providers': [],
  'conjur-connectors': [],
  'credential-vault-operations': [],
  credentials: [],
  'dashboard-filters': [],
  'dashboard-snapshots': [],
  dashboards: [],
  'emulated-devices': [],
  'endpoint-agents': [],
  'endpoint-labels': [],
  'endpoint-proxies': [
    ['agentIds.*', 'endpoint-agents'],
    ['testIds.*', 'endpoint-tests'],
  ],
  'endpoint-real-user-tests': [],
  'endpoint-tests': [
    ['agents.*', 'endpoint-agents'],
    ['endpointAgentLabels.*', 'endpoint-labels'],
    ['tagIds.*', 'tags'],
  ],
  'generic-connectors': [],
  'interface-groups': [],
  monitors: [],
  'panorama-connectors': [],
  streams: [],
  tags: [],
  templates: [],
  tests: [
    ['agents.*.agentId', 'agents'],
    ['targetAgentId', 'agents'],
    ['alertRules.*', 'alert-rules'],
    ['monitors.*', 'monitors'],
    ['sharedWithAccounts.*', 'account-groups'],
    ['tags.*', 'tags'],
  ],
  'user-agents': [],
  'webhook-operations': [],
}
