import { controlClient } from '../control-client.ts'
import { type Row, rowOf, type Scenario } from '../row.ts'
import { ourStart, startServer } from '../server-process.ts'

const count = 100
const memoryGoal = 300
const documentedToken = 'f537f4ac-2921-3199-bbab-d5a43f1c2b60'

/** A hundred workspaces beside the first, each of which has connected an integration and answered a call. */
async function run(): Promise<readonly Row[]> {
  await using ours = await startServer([...ourStart, '--json', '--port', '0', '--operator-port', '0'])
  const control = controlClient(String(ours.ready['url']))
  const startedAt = performance.now()
  const origins: string[] = []
  for (let index = 0; index < count; index += 1)
    origins.push(await control.createWorkspace(`workspace-${index}`))
  const createMs = (performance.now() - startedAt) / count
  for (const origin of origins) {
    const own = controlClient(origin)
    await own.authorize()
    own.close()
    const headers = { authorization: `Bearer ${documentedToken}` }
    const answer = await fetch(`${origin}/v7/tests`, { headers })
    await answer.arrayBuffer()
    if (!answer.ok) throw new Error(`a workspace answered ${answer.status}`)
  }
  control.close()
  const names = { scenario: 'workspaces', subject: `${count} workspaces, each used once`, peer: 'the goal' }
  return [
    rowOf({ ...names, metric: 'MB resident' }, [{ subject: ours.residentBytes() / 1e6, peer: memoryGoal }]),
    rowOf({ ...names, peer: 'one second', metric: 'ms to begin one' }, [{ subject: createMs, peer: 1_000 }]),
  ]
}

export const workspaces: Scenario = {
  name: 'workspaces',
  goals: [
    {
      scenario: 'workspaces',
      metric: 'MB resident',
      holds: ({ ratio }) => ratio < 1,
      text: 'below 300 MB',
    },
  ],
  run,
}
