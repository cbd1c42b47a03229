/** Two nodes behind one address, which is their origin: each request goes to the other one than the request before. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { balancer } from '../../scripts/cluster/balancer.ts'
import { freePort } from '../support/free-port.ts'
import { type NodeParts, type NodeProcess, startNode } from './node-process.ts'

export type Pair = readonly [one: NodeProcess, other: NodeProcess]

export interface Alternating {
  readonly url: string
  readonly nodes: Pair
  /** The next request goes there. */
  beginWith(node: NodeProcess): void
}

/** @param parts of both @param clones their versions; the first one finds the store empty */
export async function startAlternating(
  parts: NodeParts,
  clones: readonly [string | undefined, string | undefined],
): Promise<Alternating> {
  const nodes: NodeProcess[] = []
  let turn = 0
  const inTurn = (): readonly { url: string; operatorUrl: string }[] => {
    const next = nodes[turn % nodes.length]
    turn += 1
    return next ? [{ url: next.url, operatorUrl: next.operatorUrl() }] : []
  }
  const never = (): void => undefined
  const server = balancer({ inTurn, refused: never, isReady: () => true, stop: never })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const url = `http://localhost:${(server.address() as AddressInfo).port}`
  for (const clone of clones) {
    const port = await freePort()
    const options = [...parts.options, '--origin', url, '--hostname', `127.0.0.1:${port}`]
    nodes.push(await startNode({ ...parts, ...(clone && { clone }), options, port }))
  }
  return {
    url,
    nodes: nodes as unknown as Pair,
    beginWith(node) {
      turn = nodes.indexOf(node)
    },
  }
}
