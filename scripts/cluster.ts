/**
 * Several nodes without a container engine (npm run cluster): Redis, nodes of the emulator, and a balancer before them, on loopback.
 * Options: --nodes N, --port N, --data DIR, --clone DIR, --origin URL, --json; whatever follows a further -- goes to each node, as --limits off.
 * Ctrl-C or SIGTERM ends all of it. SIGHUP, or the line "restart" on standard input, restarts the nodes one after the other; "restart DIR" does
 * so with the version whose clone is in DIR.
 */
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { type Cluster, type ClusterParts, startCluster } from './cluster/cluster.ts'

function wholeNumber(option: string, words: string, [least, most]: readonly [number, number]): number {
  const value = Number(words)
  if (!/^\d+$/.test(words) || value < least || value > most)
    throw new Error(`--${option}: found ${words}; allowed is a whole number from ${least} to ${most}`)
  return value
}

function originIn(words: string): string {
  const { origin = '' } = URL.parse(words) ?? {}
  if (/^https?:/.test(origin)) return origin
  throw new Error(`--origin: found ${words}; allowed is http://HOST or https://HOST, with a port or without`)
}

const options = {
  nodes: { type: 'string', default: '2' },
  port: { type: 'string', default: '7070' },
  data: { type: 'string' },
  clone: { type: 'string' },
  origin: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const

function valuesOf(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options }).values
  } catch (error) {
    const allowed = Object.keys(options).map((name) => `--${name}`)
    throw new Error(
      `${(error as Error).message.split('.')[0]}; allowed are ${allowed.join(' ')}, and options of each node behind --`,
    )
  }
}

function partsOf(args: readonly string[]): Omit<ClusterParts, 'say' | 'log'> & { readonly json: boolean } {
  const end = args.indexOf('--')
  const own = end < 0 ? args : args.slice(0, end)
  const values = valuesOf(own)
  return {
    nodes: wholeNumber('nodes', values.nodes, [1, 16]),
    port: wholeNumber('port', values.port, [0, 65_535]),
    data: values.data,
    clone: values.clone,
    origin: values.origin === undefined ? undefined : originIn(values.origin),
    options: end < 0 ? [] : args.slice(end + 1),
    json: values.json,
  }
}

const screenOf = ({ url, nodes, redisUrl, operatorToken }: Cluster): string =>
  [
    `Panoptes, ${nodes().length} nodes: ${url}`,
    ...nodes().map(
      (node, at) => `  node ${at + 1}    ${node.url}   operator ${node.operatorUrl}   process ${node.pid}`,
    ),
    `  redis     ${redisUrl}`,
    `  operator token  ${operatorToken}`,
    '  The line "restart" restarts the nodes one after the other, "restart DIR" as another version. Ctrl-C ends everything.',
  ].join('\n')

/** One after another: who asks while the nodes are being restarted gets another round after this one. */
function restartsOf(cluster: Cluster, tell: (event: string, line: string) => void): (clone?: string) => void {
  let last = Promise.resolve()
  const restart = async (clone?: string): Promise<void> => {
    tell('restarting', 'The nodes are restarted one after the other.')
    try {
      await cluster.restartNodes(clone)
      tell('restarted', 'All nodes have been restarted.')
    } catch (error) {
      tell('restart-failed', `The restart ended: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return (clone) => {
    last = last.then(() => restart(clone))
  }
}

async function run(): Promise<void> {
  const { json, ...parts } = partsOf(process.argv.slice(2))
  let cluster: Cluster | undefined
  const tell = (event: string, line: string): void =>
    console.log(json ? JSON.stringify({ event, nodes: cluster?.nodes() }) : line)
  const starting = startCluster({ ...parts, log: 'inherit', say: (line) => console.error(line) })
  let isStopping = false
  const stop = (): void => {
    // Without us their standard input ends, and they end.
    if (isStopping) process.exit(1)
    isStopping = true
    void starting.then((started) => started.stop()).finally(() => process.exit(0))
  }
  process.on('SIGINT', stop).on('SIGTERM', stop)
  cluster = await starting
  const { url, redisUrl, operatorToken } = cluster
  const ready = { ready: true, url, nodes: cluster.nodes(), redisUrl, operatorToken }
  console.log(json ? JSON.stringify(ready) : screenOf(cluster))
  const restart = restartsOf(cluster, tell)
  // A terminal that is closed means the end, as always.
  process.on('SIGHUP', process.stdin.isTTY ? stop : () => restart())
  createInterface({ input: process.stdin }).on('line', (line) => {
    const words = line.trim()
    const asked = /^restart(?:\s+(.+))?$/.exec(words)
    if (asked) restart(asked[1])
    else if (words !== '')
      console.error(`cluster: found the line ${JSON.stringify(words)}; allowed are restart and restart DIR`)
  })
}

try {
  await run()
} catch (error) {
  const { code } = error as { readonly code?: unknown }
  const words = error instanceof Error ? error.message : String(error)
  const inUse = 'the port of --port is in use; choose another one, 0 picks a free one'
  console.error(`cluster: ${code === 'EADDRINUSE' ? inUse : words}`)
  process.exit(1)
}
