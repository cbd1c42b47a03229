import { connectDevice } from '../connect-device.ts'
import { openEmulator } from '../open-emulator.ts'
import type { Row, Scenario } from '../row.ts'
import { besideSameBytes } from '../same-bytes.ts'

const name = 'large-read'

/** One test of the 2,000 of the large seed, read again and again. */
async function run(): Promise<readonly Row[]> {
  await using ours = await openEmulator(['--seed', 'large'])
  const access = await connectDevice(String(ours.ready['url']), 'tests:manage')
  const token = access['access_token'] ?? ''
  return await besideSameBytes(name, ours, { path: '/v7/tests/http-server/11013001', token })
}

const atLeastHalf = {
  holds: ({ ratio }: Row): boolean => ratio >= 0.5,
  text: 'at least 0.5 of bare node:http',
}

export const largeRead: Scenario = {
  name,
  goals: [
    { scenario: name, metric: 'answers per second', ...atLeastHalf },
    { scenario: name, metric: 'answers per second of server CPU', ...atLeastHalf },
  ],
  run,
}
