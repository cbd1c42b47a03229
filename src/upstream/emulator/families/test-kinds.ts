/** One of the 13 test types: where its results stand, and which default alert rules it takes. */
export interface TestKind {
  readonly type: string
  /** Last segments of `/test-results/{testId}/...`, which the test links to. Inferred, except for http-server and bgp. */
  readonly results: readonly string[]
  /** The alert types whose default rules are attached to a new test (v7-notes section 2). Inferred from their names. */
  readonly alertTypes: readonly string[]
}

export const testKinds: readonly TestKind[] = [
  { type: 'bgp', results: ['bgp'], alertTypes: ['bgp'] },
  { type: 'agent-to-server', results: ['network', 'path-vis'], alertTypes: ['end-to-end-server'] },
  { type: 'agent-to-agent', results: ['network', 'path-vis'], alertTypes: ['end-to-end-agent'] },
  { type: 'dns-server', results: ['network', 'path-vis', 'dns-server'], alertTypes: ['dns-server'] },
  { type: 'dns-trace', results: ['dns-trace'], alertTypes: ['dns-trace'] },
  { type: 'dnssec', results: ['dnssec'], alertTypes: ['dnssec'] },
  {
    type: 'http-server',
    results: ['network', 'path-vis', 'http-server'],
    alertTypes: ['http-server', 'end-to-end-server'],
  },
  {
    type: 'page-load',
    results: ['network', 'path-vis', 'http-server', 'page-load'],
    alertTypes: ['page-load', 'http-server', 'end-to-end-server'],
  },
  {
    type: 'web-transactions',
    results: ['network', 'path-vis', 'web-transactions'],
    alertTypes: ['web-transactions', 'end-to-end-server'],
  },
  { type: 'api', results: ['network', 'path-vis', 'api'], alertTypes: ['api', 'end-to-end-server'] },
  { type: 'ftp-server', results: ['network', 'path-vis', 'ftp-server'], alertTypes: ['ftp'] },
  { type: 'sip-server', results: ['network', 'path-vis', 'sip-server'], alertTypes: ['sip-server'] },
  { type: 'voice', results: ['network', 'path-vis', 'rtp-server'], alertTypes: ['voice'] },
]

export const testKindOf = (type: unknown): TestKind | undefined =>
  testKinds.find((kind) => kind.type === type)
