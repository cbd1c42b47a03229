import { setTimeout as pause } from 'node:timers/promises'
import request, { type Response } from 'supertest'
import { onTestFinished } from 'vitest'
import { keptOnDisk } from '../authorization-server/kept-on-disk.ts'
import { type RunningPanoptes, startPanoptes } from '../support/panoptes.ts'

export interface NodesOptions {
  readonly count?: number
  /** The data directory; else one of their own. */
  readonly keys?: ReturnType<typeof keptOnDisk>
  readonly environment?: Readonly<Record<string, string>>
  /** Off when nothing is said. */
  readonly limits?: 'on' | 'off'
}

/** Nodes of one installation, which end with the test. @param store as the settings have it */
export async function nodesOn(
  store: string,
  { count = 1, keys = keptOnDisk(), environment = {}, limits = 'off' }: NodesOptions = {},
): Promise<readonly RunningPanoptes[]> {
  const variables = { PANOPTES_STORE: store, ...environment }
  const nodes = await Promise.all(
    Array.from({ length: count }, () => startPanoptes(['--data', keys.path, '--limits', limits], variables)),
  )
  onTestFinished(async () => {
    await Promise.all(nodes.map((node) => node.stop()))
    keys[Symbol.dispose]()
  })
  return nodes
}

/** The same for one. */
export async function nodeOn(store: string, options: NodesOptions = {}): Promise<RunningPanoptes> {
  const [node] = await nodesOn(store, { ...options, count: 1 })
  if (!node) throw new Error('no node')
  return node
}

export const readiness = async ({ operatorUrl }: RunningPanoptes): Promise<Response> =>
  request(operatorUrl).get('/health/ready')

/** @returns after how many ms the node answered so */
export async function untilReadiness(node: RunningPanoptes, status: 200 | 503): Promise<number> {
  for (const begun = performance.now(); ; ) {
    if ((await readiness(node)).status === status) return performance.now() - begun
    if (performance.now() - begun > 15_000) throw new Error(`readiness does not become ${status}`)
    await pause(20)
  }
}

export const untilAllReady = (nodes: readonly RunningPanoptes[]): Promise<readonly number[]> =>
  Promise.all(nodes.map((node) => untilReadiness(node, 200)))
