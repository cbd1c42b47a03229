import type { Answerers } from '../call.ts'
import { bandwidthNumbers } from '../measurements/network.ts'
import { pagedResults, type ResultKind, shownDirection } from './result-kinds.ts'
import { rowFrame } from './result-rows.ts'

const network: ResultKind = { name: 'network', ways: ['to-target'], isNetwork: true }

/** `GET /test-results/{testId}/network`. */
export const networkResults = (): Answerers => ({
  getTestNetworkResults: pagedResults(network, (sample, call) => ({
    ...rowFrame(sample, call, network.name),
    ...sample.network,
    ...(sample.test.fields['bandwidthMeasurements'] === true && bandwidthNumbers(sample.pair, sample.draw)),
    ...shownDirection(sample),
    server: sample.target.server,
    serverIp: sample.target.ipAddress,
  })),
})
