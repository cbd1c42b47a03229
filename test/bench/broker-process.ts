/** A broker that is measured, with one user who has linked an account. Argument: the upstream's origin. Says its address and the user's. */
import type { Broker } from '#broker/broker.ts'
import { startBroker } from '../support/broker.ts'

const lender: Broker = {
  lend: ({ userId }) => ({
    kind: 'user-api-token',
    userId,
    token: 'f537f4ac-2921-3199-bbab-d5a43f1c2b60',
    credential: 'measured',
  }),
}
const broker = await startBroker({
  lender,
  configuration: [
    `upstream: { allowPlaintextLoopback: true, maxInFlight: 1000, organizationPerMinute: 1000000, coalesce: false, regions: { us1: "${process.argv[2]}" } }`,
    'callsPerMinute: 1000000000',
    'signIn: { passwordCost: light }',
  ].join('\n'),
})
await fetch(`${broker.operatorUrl}/operator/users`, {
  method: 'POST',
  headers: { authorization: `Bearer ${broker.operatorToken}` },
  body: new URLSearchParams({
    region: 'us1',
    organization: '110',
    email: 'admin@acme.example',
    password: 'panoptes-us1',
  }),
})
process.stdout.write(`${JSON.stringify({ url: broker.url })}\n`)
process.on('SIGTERM', () => void broker[Symbol.asyncDispose]().then(() => process.exit(0)))
