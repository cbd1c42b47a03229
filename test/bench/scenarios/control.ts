import { controlClient } from '../control-client.ts'
import { refreshChains } from '../refresh-chains.ts'
import { type Row, rowOf, type Scenario } from '../row.ts'
import { ourStart, startServer } from '../server-process.ts'

const rounds = 12
const roundMs = 800

/** One after the other for some time. @returns milliseconds for one */
async function millisecondsOf(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  let count = 0
  while (performance.now() - startedAt < roundMs) {
    await work()
    count += 1
  }
  return (performance.now() - startedAt) / count
}

async function measure(
  refreshMs: () => Promise<number>,
  work: () => Promise<void>,
): Promise<readonly { subject: number; peer: number }[]> {
  await millisecondsOf(work)
  await refreshMs()
  const measured: { subject: number; peer: number }[] = []
  for (let round = 0; round < rounds; round += 1)
    measured.push({ subject: await millisecondsOf(work), peer: await refreshMs() })
  return measured
}

/** What a test suite does all day, one client after the other, against one refresh of the bare engine. */
async function run(): Promise<readonly Row[]> {
  await using ours = await startServer([...ourStart, '--json', '--port', '0', '--operator-port', '0'])
  await using bare = await startServer(['test/bench/peers/bare-oidc-provider.ts', '1'])
  const control = controlClient(String(ours.ready['url']))
  const chain = refreshChains(bare.ready as unknown as Parameters<typeof refreshChains>[0])
  const refreshMs = async (): Promise<number> => {
    const startedAt = performance.now()
    const count = await chain.run(roundMs)
    return (performance.now() - startedAt) / count
  }
  const names = { scenario: 'control', peer: 'one refresh of oidc-provider on Maps' }
  const flow = await measure(refreshMs, control.authorize)
  // A test that resets has done something first.
  await control.authorize()
  const reset = await measure(refreshMs, control.reset)
  control.close()
  chain.close()
  return [
    rowOf({ ...names, subject: 'authorization code flow without a browser', metric: 'ms of a flow' }, flow),
    rowOf({ ...names, subject: 'reset to the seed', metric: 'ms of a reset' }, reset),
  ]
}

export const control: Scenario = {
  name: 'control',
  goals: [
    {
      scenario: 'control',
      metric: 'ms of a flow',
      holds: ({ ratio }) => ratio <= 10,
      text: 'at most 10 refreshes',
    },
    {
      scenario: 'control',
      metric: 'ms of a reset',
      holds: ({ ratio }) => ratio <= 20,
      text: 'at most 20 refreshes',
    },
  ],
  run,
}
