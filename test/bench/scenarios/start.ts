import { type Row, rowOf, type Scenario } from '../row.ts'
import { ourStart, startServer } from '../server-process.ts'

const rounds = 5
const startGoalMs = 2_000
const memoryGoal = 150
/** Until it has noticed that nobody asks for anything (DECISIONS 164). */
const idleMs = 12_000
/** The documented User API Token of the seed. */
const authorization = 'Bearer f537f4ac-2921-3199-bbab-d5a43f1c2b60'

/** From the spawn of the process to the first answer of the v7 API, and the memory of the idle emulator some seconds later. */
async function run(): Promise<readonly Row[]> {
  const starts: { subject: number; peer: number }[] = []
  const memories: { subject: number; peer: number }[] = []
  for (let round = 0; round < rounds; round += 1) {
    const startedAt = performance.now()
    await using ours = await startServer([...ourStart, '--json', '--port', '0', '--operator-port', '0'])
    const answer = await fetch(`${String(ours.ready['url'])}/v7/tests`, { headers: { authorization } })
    await answer.arrayBuffer()
    if (!answer.ok) throw new Error(`the first call was answered ${answer.status}`)
    starts.push({ subject: performance.now() - startedAt, peer: startGoalMs })
    await new Promise((resolve) => setTimeout(resolve, idleMs))
    memories.push({ subject: ours.residentBytes() / 1e6, peer: memoryGoal })
  }
  const names = { scenario: 'start', subject: 'Panoptes, emulator in memory', peer: 'the goal' }
  return [
    rowOf({ ...names, metric: 'ms to the first answer' }, starts),
    rowOf({ ...names, metric: 'MB resident when idle' }, memories),
  ]
}

export const start: Scenario = {
  name: 'start',
  goals: [
    {
      scenario: 'start',
      metric: 'ms to the first answer',
      holds: ({ ratio }) => ratio < 1,
      text: 'below 2 s',
    },
    {
      scenario: 'start',
      metric: 'MB resident when idle',
      holds: ({ ratio }) => ratio < 1,
      text: 'below 150 MB',
    },
  ],
  run,
}
