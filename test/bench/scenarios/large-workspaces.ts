import { controlClient } from '../control-client.ts'
import { openEmulator } from '../open-emulator.ts'
import { type Row, rowOf, type Scenario } from '../row.ts'
import { answerOf } from '../same-bytes.ts'

const name = 'large-workspaces'
const count = 40
/** Of the documentation, in the large seed too. */
const token = 'f537f4ac-2921-3199-bbab-d5a43f1c2b60'
/** Parsed by itself, the seed would take about 5. */
const goalMb = 2.5

/** Workspaces beside the first, all of the large seed, each of which has answered the list of one account group. */
async function run(): Promise<readonly Row[]> {
  await using ours = await openEmulator(['--seed', 'large'])
  const url = String(ours.ready['url'])
  const use = (origin: string): Promise<unknown> => answerOf(`${origin}/v7/tests?aid=1102`, token)
  await use(url)
  const control = controlClient(url)
  // The first ones make the program warm.
  for (let index = 0; index < 5; index += 1) await use(await control.createWorkspace(`warm-${index}`))
  const before = ours.residentBytes()
  const cpu = ours.cpuMicroseconds()
  for (let index = 0; index < count; index += 1) await use(await control.createWorkspace(`large-${index}`))
  control.close()
  const each = (ours.residentBytes() - before) / 1e6 / count
  const cpuMs = (ours.cpuMicroseconds() - cpu) / 1_000 / count
  const names = { scenario: name, subject: `each of ${count} workspaces of the large seed`, peer: 'the goal' }
  return [
    rowOf({ ...names, metric: 'MB resident' }, [{ subject: each, peer: goalMb }]),
    rowOf({ ...names, peer: 'one second', metric: 'ms of processor to begin it' }, [
      { subject: cpuMs, peer: 1_000 },
    ]),
  ]
}

export const largeWorkspaces: Scenario = {
  name,
  goals: [
    { scenario: name, metric: 'MB resident', holds: ({ ratio }) => ratio < 1, text: `below ${goalMb} MB` },
  ],
  run,
}
