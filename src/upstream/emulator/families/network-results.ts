import type { Answerers } from '../call.ts'
import { pagedResults, type ResultKind, shownDirection } from './result-kinds.ts'
import { bandwidthOf, rowFrame } from './result-rows.ts'

const network: ResultKind = { name: 'network', ways: ['to-target'], isNetwork: true }

/** `GET /test-results/{testId}/network`. */
export const networkResults = (): Answerers => ({
  getTestNetworkResults: pagedResults(network, (sample, call) => ({
    ...rowFrame(sample, call, network.name),
    ...sample.network,
    ...bandwidthOf(sample),
    ...shownDirection(sample),
    server: sample.target.server,
    serverIp: sample.target.ipAddress,
  })),
})
