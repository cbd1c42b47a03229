/** A gateway in a process of its own, whose memory can be looked at. Its upstream is the first argument; says its port as JSON. */
import { startLiveGateway } from './live-gateway.ts'

const [, , origin = ''] = process.argv
const gateway = await startLiveGateway({
  origin,
  headersTimeout: 60,
  bodyTimeout: 60,
  totalTimeout: 600,
  maxInFlight: 500,
})
process.on('message', () => process.exit(0))
process.send?.({ port: gateway.port })
