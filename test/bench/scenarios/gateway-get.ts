import { connectDevice } from '../connect-device.ts'
import { openEmulator } from '../open-emulator.ts'
import type { Row, Scenario } from '../row.ts'
import { besideSameBytes } from '../same-bytes.ts'

const name = 'gateway-get'

async function run(): Promise<readonly Row[]> {
  await using ours = await openEmulator()
  const access = await connectDevice(String(ours.ready['url']), 'tests:manage organization:read')
  const token = access['access_token'] ?? ''
  return [
    ...(await besideSameBytes(name, ours, { path: '/v7/tests', token })),
    ...(await besideSameBytes(name, ours, { path: '/v7/users/current', token })),
  ]
}

const atLeastHalf = {
  holds: ({ ratio }: Row): boolean => ratio >= 0.5,
  text: 'at least 0.5 of bare node:http',
}

export const gatewayGet: Scenario = {
  name,
  goals: [
    { scenario: name, metric: 'answers per second', ...atLeastHalf },
    { scenario: name, metric: 'answers per second of server CPU', ...atLeastHalf },
  ],
  run,
}
