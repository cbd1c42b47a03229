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

/** So many questions in a row without an answer in time, and the node is not ready: one alone may be a busy machine. */
const mostSilent = 3

type Said = 'ready' | 'not-ready' | 'nothing'

function ask(operatorUrl: string): Promise<Said> {
  return new Promise((resolve) => {
    const asked = get(`${operatorUrl}/health/ready`, { agent: false, timeout: patienceMs }, (answer) => {
      answer.resume()
      resolve(answer.statusCode === 200 ? 'ready' : 'not-ready')
    })
    asked.on('timeout', () => {
      resolve('nothing')
      asked.destroy()
    })
    asked.on('error', () => resolve('not-ready'))
  })
}

/** Asks each node ten times a second. @param nodes those that there are at the moment */
export function watchReadiness(nodes: () => readonly NodeAddress[]): Readiness {
  const ready = new Set<string>()
  const asked = new Set<string>()
  const silent = new Map<string, number>()
  let turn = 0

  async function look({ operatorUrl }: NodeAddress): Promise<void> {
    if (asked.has(operatorUrl)) return
    asked.add(operatorUrl)
    const said = await ask(operatorUrl)
    const inRow = said === 'nothing' ? (silent.get(operatorUrl) ?? 0) + 1 : 0
    if (inRow > 0) silent.set(operatorUrl, inRow)
    else silent.delete(operatorUrl)
    if (said === 'ready') ready.add(operatorUrl)
    if (said === 'not-ready' || inRow >= mostSilent) ready.delete(operatorUrl)
    asked.delete(operatorUrl)
  }

  const timer = setInterval(() => {
    for (const node of nodes()) void look(node)
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
