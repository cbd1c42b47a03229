/**
 * Cluster: several nodes of the emulator on one Redis and one set of keys, behind a balancer on loopback. Owns who is started and ended
 * when; what a request sees of it is the balancer's affair.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { freePort } from '../../test/support/free-port.ts'
import { balancer } from './balancer.ts'
import { type Kept, keepRunning } from './keep-running.ts'
import { commandOf, type EmulatorNode, startNode } from './node.ts'
import { type Readiness, watchReadiness } from './readiness.ts'
import { startRedis } from './redis.ts'

export interface ClusterParts {
  readonly nodes: number
  /** Of the balancer; 0 picks a free one. */
  readonly port: number
  /** Keeps keys and records; left out, they are gone with the cluster. */
  readonly data: string | undefined
  /** The folder of the version that nodes run at first; this one when left out. */
  readonly clone: string | undefined
  /** What clients call us by, when it is not the balancer's own address. */
  readonly origin: string | undefined
  /** For each node. */
  readonly options: readonly string[]
  /** Where the logs of the nodes go. */
  readonly log: 'inherit' | 'ignore'
  /** Told in one line of whatever happens to a process. */
  readonly say: (line: string) => void
}

export interface NodeStanding {
  readonly url: string
  readonly operatorUrl: string
  readonly pid: number
}

export interface Cluster {
  readonly url: string
  readonly redisUrl: string
  readonly operatorToken: string
  nodes(): readonly NodeStanding[]
  /**
   * One node after the other: it drains, another one starts, and is ready.
   * @param clone the version that they run from now on; left out, the one they run
   * @throws Error when one does not get ready; it is started as it was, and the ones after it were not touched
   */
  restartNodes(clone?: string): Promise<void>
  stop(): Promise<void>
}

const readyMs = 60_000

const listen = (server: Server, port: number): Promise<number> =>
  new Promise((listening, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => listening((server.address() as AddressInfo).port))
  })

/** JSON is YAML. @returns the path of the configuration that all nodes share */
function writeConfiguration(
  directory: string,
  { origin, redisUrl }: { origin: string; redisUrl: string },
): string {
  const path = join(directory, 'nodes.yaml')
  const settings = {
    origin,
    store: redisUrl,
    data: join(directory, 'keys'),
    operatorToken: randomBytes(24).toString('base64url'),
    trustedProxies: ['127.0.0.1'],
    // The balancer asks ten times a second whether a node is ready, and waits for up to a second for what it says.
    drainNotice: '2s',
  }
  writeFileSync(path, JSON.stringify(settings, undefined, 2), { mode: 0o600 })
  return path
}

type KeptNode = Kept<EmulatorNode>

interface Shared {
  readonly config: string
  /** The version of whatever starts next. */
  clone: string
}

/** The same ports again after an end, so that who watches a node finds it; if they are taken meanwhile, others. */
function keepNode(name: string, shared: Shared, { options, log, say }: ClusterParts): Promise<KeptNode> {
  let ports: readonly [number, number] | undefined
  const start = async (): Promise<EmulatorNode> => {
    const asked = ports ?? [await freePort(), 0]
    ports = undefined
    const node = await startNode({ ...shared, ports: asked, options, log })
    ports = [Number(new URL(node.url).port), Number(new URL(node.operatorUrl).port)]
    return node
  }
  return keepRunning(name, start, say)
}

async function until(holds: () => boolean): Promise<void> {
  const endsAt = performance.now() + readyMs
  while (performance.now() < endsAt) {
    if (holds()) return
    await pause(20)
  }
  throw new Error(`a node did not get ready within ${readyMs / 1_000} seconds`)
}

const isReady = (node: KeptNode, readiness: Readiness): boolean => {
  const current = node.current()
  return current !== undefined && readiness.isReady(current)
}

/** A version that does not start is tried on for as long as it is wanted: this gives up waiting. */
function replace(node: KeptNode, readiness: Readiness): Promise<void> {
  let isReplaced = false
  void node.replace().then(() => {
    isReplaced = true
  })
  return until(() => isReplaced && isReady(node, readiness))
}

/** @throws Error in words for a person */
function clonedIn(folder: string): string {
  const clone = resolve(folder)
  if (existsSync(commandOf(clone))) return clone
  throw new Error(`${clone} has no Panoptes: there is no ${commandOf('')} in it`)
}

/** Closes what was opened last first; each in spite of the others. */
interface Opened {
  add(close: () => unknown): void
  close(): Promise<void>
}

function opened(): Opened {
  const closing: (() => unknown)[] = []
  return {
    add: (close) => void closing.push(close),
    async close() {
      for (const close of closing.splice(0).reverse()) await close()
    },
  }
}

/** @returns once every node is ready @throws Error in words for a person; nothing runs then */
export async function startCluster(parts: ClusterParts): Promise<Cluster> {
  const all = opened()
  try {
    return await startAll(parts, all)
  } catch (error) {
    await all.close()
    throw error
  }
}

async function startAll(parts: ClusterParts, all: Opened): Promise<Cluster> {
  const directory = resolve(parts.data ?? mkdtempSync(join(tmpdir(), 'panoptes-cluster-')))
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  if (parts.data === undefined) all.add(() => rmSync(directory, { recursive: true, force: true }))

  const redisPort = await freePort()
  const redis = await keepRunning('redis', () => startRedis(join(directory, 'redis'), redisPort), parts.say)
  all.add(() => redis.stop())

  const nodes: KeptNode[] = []
  const current = (): readonly EmulatorNode[] => nodes.flatMap((node) => node.current() ?? [])
  all.add(() => Promise.all(nodes.map((node) => node.stop())))
  const readiness = watchReadiness(current)
  all.add(() => readiness.stop())
  const server = balancer(readiness)
  const url = `http://localhost:${await listen(server, parts.port)}`
  all.add(() => {
    server.close()
    server.closeIdleConnections()
  })

  const redisUrl = `redis://127.0.0.1:${redisPort}`
  const shared: Shared = {
    config: writeConfiguration(directory, { origin: parts.origin ?? url, redisUrl }),
    clone: clonedIn(parts.clone ?? join(import.meta.dirname, '../..')),
  }
  const start = async (number: number): Promise<KeptNode> => {
    const node = await keepNode(`node ${number}`, shared, parts)
    nodes.push(node)
    return node
  }
  // The first one makes the keys and writes the seed.
  const first = await start(1)
  await Promise.all(Array.from({ length: parts.nodes - 1 }, (_, index) => start(index + 2)))
  await Promise.all(nodes.map((node) => until(() => isReady(node, readiness))))
  return {
    url: parts.origin ?? url,
    redisUrl,
    operatorToken: first.current()?.operatorToken ?? '',
    nodes: () => current().map(({ url: own, operatorUrl, pid }) => ({ url: own, operatorUrl, pid })),
    async restartNodes(clone = shared.clone) {
      const before = shared.clone
      shared.clone = clonedIn(clone)
      try {
        for (const node of nodes) await replace(node, readiness)
      } catch (error) {
        // Whoever does not start is tried on, from now on as it was.
        shared.clone = before
        throw error
      }
    },
    stop: () => all.close(),
  }
}
