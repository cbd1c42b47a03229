import { type Row, rowOf, type Scenario } from '../row.ts'
import { ourStart, startServer } from '../server-process.ts'

const rounds = 5
const startGoalMs = 2_000
const memoryGoal = 150
const idleMs = 3_000

/** From the spawn of the process to the first answer of the v7 API, and the memory of the idle emulator some seconds later. */
async function run(): Promise<readonly Row[]> {
  const starts: { subject: number; peer: number }[] = []
  const memories: { subject: number; peer: number }[] = []
  for (let round = 0; round < rounds; round += 1) {
    const startedAt = performance.now()
    await using ours = await startServer([...ourStart, '--json', '--port', '0', '--operator-port', '0'])
    const answer = await fetch(`${String(ours.ready['url'])}/.well-known/oauth-authorization-server`)
    await answer.arrayBuffer()
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
