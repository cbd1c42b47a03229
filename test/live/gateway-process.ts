/**
 * A gateway in a process of its own, whose memory can be looked at. Its upstream is the first argument; says its port as JSON, and with
 * `--expose-gc`, to any message, how many bytes it holds that are no garbage.
 */
import { startLiveGateway } from './live-gateway.ts'

const [, , origin = ''] = process.argv
const gateway = await startLiveGateway({
  origin,
  headersTimeout: 60,
  bodyTimeout: 60,
  totalTimeout: 600,
  maxInFlight: 500,
})
process.on('message', () => {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  process.send?.({ held: heapUsed + external })
})
process.on('disconnect', () => process.exit(0))
process.send?.({ port: gateway.port })
