/** What a scenario on Redis stands on: a Redis that keeps on disk what it acknowledges, to be killed, frozen and started again. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { onTestFinished } from 'vitest'
import { startRedis } from '../../scripts/cluster/redis.ts'
import { freePort } from '../support/free-port.ts'
import type { AuditEvent } from './judge/invariants.ts'
import { type NodeParts, type NodeProcess, startNode } from './node-process.ts'
import { faultOptions, freshFolder } from './sqlite-ground.ts'

export interface RedisProcess {
  readonly port: number
  /** A connection past the nodes. */
  readonly client: Redis
  kill(): Promise<void>
  /** With all that it had acknowledged. */
  start(): Promise<void>
  /** Forgets what it kept on disk; for while it does not run. */
  empty(): void
  freeze(): void
  thaw(): void
}

/** @param port one that is free; any when it is left out */
export async function redisProcess(port?: number): Promise<RedisProcess> {
  return runRedis(join(freshFolder(), 'redis'), port ?? (await freePort()))
}

async function runRedis(directory: string, port: number): Promise<RedisProcess> {
  let running = await startRedis(directory, port)
  const client = new Redis(port, { retryStrategy: () => 100 })
  client.on('error', () => undefined)
  onTestFinished(() => {
    client.disconnect()
    try {
      process.kill(running.pid, 'SIGKILL')
    } catch {
      // The scenario left it dead.
    }
  })
  return {
    port,
    client,
    async kill() {
      process.kill(running.pid, 'SIGKILL')
      await running.ended
    },
    async start() {
      running = await startRedis(directory, port)
    },
    empty: () => rmSync(directory, { recursive: true }),
    freeze: () => void process.kill(running.pid, 'SIGSTOP'),
    thaw: () => void process.kill(running.pid, 'SIGCONT'),
  }
}

/** The whole trail, read past the nodes. */
export async function readAudit(client: Redis): Promise<readonly AuditEvent[]> {
  const keys = await client.zrange('{panoptes}:index:audit', '0', '-1')
  const records = await client.mget(...keys.map((key) => `{panoptes}:record:${key}`))
  return records.flatMap((text) =>
    text === null ? [] : [JSON.parse(text.slice(text.indexOf('\n') + 1)) as AuditEvent],
  )
}

/** @param url of the store @param more lines of the configuration @returns options for nodes of one set of keys */
export function redisOptions(url: string, more: readonly string[] = []): readonly string[] {
  const folder = freshFolder()
  return [...faultOptions(folder, [`store: ${url}`, ...more]), '--data', join(folder, 'data')]
}

/** @returns how many ms it took until the node was ready */
export async function untilReady(node: NodeProcess): Promise<number> {
  const begun = performance.now()
  while ((await node.readiness()) !== 200) await pause(20)
  return performance.now() - begun
}

/** Asks until there is an answer that is no 503: a kept connection may be that of a process which is gone. @returns its status */
export async function untilNot503(ask: () => Promise<{ readonly status: number }>): Promise<number> {
  for (;;) {
    const { status } = await ask()
    if (status !== 503 && status !== 0) return status
    await pause(50)
  }
}

/** Nodes of one origin, which is the first one's own address. */
export async function startNodes(parts: NodeParts, count: number): Promise<readonly NodeProcess[]> {
  const first = await startNode(parts)
  const others = Array.from({ length: count - 1 }, async () => {
    const port = await freePort()
    const options = [...parts.options, '--origin', first.url, '--hostname', `127.0.0.1:${port}`]
    return startNode({ ...parts, options, port })
  })
  return [first, ...(await Promise.all(others))]
}

/** Each in its turn. */
export function inTurn(nodes: readonly { readonly url: string }[]): () => string {
  let turn = 0
  return () => {
    turn += 1
    return nodes[turn % nodes.length]?.url ?? ''
  }
}
