import { setTimeout as wait } from 'node:timers/promises'
import { type Cluster, startCluster } from '../../scripts/cluster/cluster.ts'

export const clientId = 'sd-wan-manager'

export interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
}

const mostTries = 50
const betweenTriesMs = 100

/** The answer of a cluster whose Redis may stand still while the disk of the machine does: 503 is asked again, as clients do. */
export async function patiently<Answer extends { readonly status: number }>(
  ask: () => Promise<Answer>,
): Promise<Answer> {
  for (let tries = 1; ; tries += 1) {
    const answer = await ask()
    if (answer.status !== 503 || tries === mostTries) return answer
    process.stderr.write('a request was answered 503, and is sent again\n')
    await wait(betweenTriesMs)
  }
}

/** A connection of an administrator, without a browser. */
export async function mint(url: string): Promise<Tokens> {
  const answer = await patiently(() =>
    fetch(`${url}/emulator/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ integration: clientId, user: 'admin@acme.example', region: 'us1' }),
    }),
  )
  if (answer.status !== 201) throw new Error(`minting was answered ${answer.status}: ${await answer.text()}`)
  return (await answer.json()) as Tokens
}

/** So many nodes that let any number of calls through, on a Redis of their own. */
export const benchCluster = (nodes: number): Promise<Cluster> =>
  startCluster({
    nodes,
    port: 0,
    data: undefined,
    clone: undefined,
    origin: undefined,
    options: ['--limits', 'off'],
    log: 'ignore',
    say: (line) => void process.stderr.write(`${line}\n`),
  })
