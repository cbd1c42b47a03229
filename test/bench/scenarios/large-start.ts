import { type Row, rowOf, type Scenario } from '../row.ts'
import { answerOf } from '../same-bytes.ts'
import { ourStart, startServer } from '../server-process.ts'

const name = 'large-start'
const rounds = 5
const startGoalMs = 2_000
const memoryGoal = 250
const idleMs = 3_000
/** Of the documentation, in the large seed too. */
const token = 'f537f4ac-2921-3199-bbab-d5a43f1c2b60'

/** What a client that pages through everything asks for. */
const lists = ['/tests', '/agents', '/alerts/rules', '/tags', '/users', '/endpoint/agents', '/account-groups']
const passes = 20

/**
 * From the spawn of the process to its first answer, by the clock and by the time that a processor worked for it; the memory of
 * the idle emulator some seconds later, and after all lists were read twenty times.
 */
async function run(): Promise<readonly Row[]> {
  const measured: Record<string, { subject: number; peer: number }[]> = {}
  const add = (metric: string, subject: number, peer: number): void => {
    const found = measured[metric] ?? []
    measured[metric] = [...found, { subject, peer }]
  }
  for (let round = 0; round < rounds; round += 1) {
    const startedAt = performance.now()
    const options = ['--json', '--port', '0', '--operator-port', '0', '--seed', 'large']
    await using ours = await startServer([...ourStart, ...options])
    const url = String(ours.ready['url'])
    await (await fetch(`${url}/.well-known/oauth-authorization-server`)).arrayBuffer()
    add('ms to the first answer', performance.now() - startedAt, startGoalMs)
    add('ms of processor to the first answer', ours.cpuMicroseconds() / 1_000, startGoalMs)
    await new Promise((resolve) => setTimeout(resolve, idleMs))
    add('MB resident when idle', ours.residentBytes() / 1e6, memoryGoal)
    for (let pass = 0; pass < passes; pass += 1)
      for (const path of lists) await answerOf(`${url}/v7${path}`, token)
    add('MB resident after use', ours.residentBytes() / 1e6, memoryGoal)
  }
  const names = { scenario: name, subject: 'Panoptes, emulator in memory, --seed large', peer: 'the goal' }
  return Object.entries(measured).map(([metric, of]) => rowOf({ ...names, metric }, of))
}

const below = (metric: string, text: string) => ({
  scenario: name,
  metric,
  holds: ({ ratio }: Row): boolean => ratio < 1,
  text,
})

export const largeStart: Scenario = {
  name,
  goals: [
    below('ms to the first answer', 'below 2 s'),
    below('MB resident when idle', 'below 250 MB'),
    below('MB resident after use', 'below 250 MB'),
  ],
  run,
}
