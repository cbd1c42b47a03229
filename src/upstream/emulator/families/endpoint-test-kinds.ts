/** One of the three kinds of endpoint tests. All share one id space. */
export interface EndpointTestKind {
  readonly path: string
  readonly type: 'agent-to-server' | 'http-server'
  readonly isDynamic: boolean
  /** Last segments of the addresses of its results, as far as they are emulated. */
  readonly results: readonly string[]
}

export const scheduledKinds: readonly EndpointTestKind[] = [
  {
    path: '/endpoint/tests/scheduled-tests/agent-to-server',
    type: 'agent-to-server',
    isDynamic: false,
    results: ['path-vis'],
  },
  {
    path: '/endpoint/tests/scheduled-tests/http-server',
    type: 'http-server',
    isDynamic: false,
    results: ['path-vis', 'http-server'],
  },
]

export const dynamicKind: EndpointTestKind = {
  path: '/endpoint/tests/dynamic-tests/agent-to-server',
  type: 'agent-to-server',
  isDynamic: true,
  results: ['path-vis'],
}

/** Where the results of the kind stand. */
export const resultsPath = ({ isDynamic }: Pick<EndpointTestKind, 'isDynamic'>): string =>
  `/endpoint/test-results/${isDynamic ? 'dynamic' : 'scheduled'}-tests`
