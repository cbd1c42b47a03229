import { get } from 'node:http'

/** Where a node answers. */
export interface NodeAddress {
  readonly url: string
  readonly operatorUrl: string
}

/** Which nodes take requests now. */
export interface Readiness {
  /** Those that are ready, each time beginning with another one. */
  inTurn(): readonly NodeAddress[]
  /** It refused a connection: until its operator listener says otherwise it takes no requests. */
  refused(node: NodeAddress): void
  isReady(node: NodeAddress): boolean
  stop(): void
}

const everyMs = 100
const patienceMs = 1_000

function asksReady(operatorUrl: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = get(`${operatorUrl}/health/ready`, { agent: false, timeout: patienceMs }, (answer) => {
      answer.resume()
      resolve(answer.statusCode === 200)
    })
    asked.on('timeout', () => asked.destroy())
    asked.on('error', () => resolve(false))
  })
}

/** Asks each node ten times a second. @param nodes those that there are at the moment */
export function watchReadiness(nodes: () => readonly NodeAddress[]): Readiness {
  const ready = new Set<string>()
  const asked = new Set<string>()
  let turn = 0

  async function ask({ operatorUrl }: NodeAddress): Promise<void> {
    if (asked.has(operatorUrl)) return
    asked.add(operatorUrl)
    if (await asksReady(operatorUrl)) ready.add(operatorUrl)
    else ready.delete(operatorUrl)
    asked.delete(operatorUrl)
  }

  const timer = setInterval(() => {
    for (const node of nodes()) void ask(node)
  }, everyMs)

  const isReady = ({ operatorUrl }: NodeAddress): boolean => ready.has(operatorUrl)
  return {
    isReady,
    inTurn() {
      const found = nodes().filter(isReady)
      turn = (turn + 1) % Math.max(1, found.length)
      return [...found.slice(turn), ...found.slice(0, turn)]
    },
    refused: ({ operatorUrl }) => void ready.delete(operatorUrl),
    stop: () => clearInterval(timer),
  }
}
