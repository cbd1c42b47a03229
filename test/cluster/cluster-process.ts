/** `npm run cluster` as people start it: a process of its own, ended at the latest with the test that started it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'

export interface ClusterReady {
  readonly url: string
  readonly nodes: readonly { readonly url: string; readonly operatorUrl: string; readonly pid: number }[]
  readonly redisUrl: string
  readonly operatorToken: string
}

export interface ClusterProcess {
  readonly child: ChildProcess
  readonly ready: ClusterReady
  /** Resolves with the nodes as they are when the event is told. */
  told(event: string): Promise<ClusterReady['nodes']>
  /** What was said of processes that ended, so far. */
  complaints(): string
}

/** @param args options of the script; those of the nodes stand behind a `--` */
export async function startCluster(args: readonly string[]): Promise<ClusterProcess> {
  const data = mkdtempSync(join(tmpdir(), 'panoptes-cluster-'))
  const options = ['--json', '--port', '0', '--data', data, ...args]
  const child = spawn(process.execPath, ['scripts/cluster.ts', ...options], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  onTestFinished(() => {
    child.kill('SIGKILL')
    // Redis may still be writing for a moment.
    rmSync(data, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  })
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    complaints += chunk
  })
  const lines = createInterface({ input: child.stdout })
  const ended = once(child, 'close').then(() => {
    throw new Error(`the cluster has ended: ${complaints}`)
  })
  ended.catch(() => undefined)
  const next = async (): Promise<Record<string, unknown>> => {
    const [line] = (await Promise.race([once(lines, 'line'), ended])) as [string]
    return JSON.parse(line) as Record<string, unknown>
  }
  const ready = (await next()) as unknown as ClusterReady
  return {
    child,
    ready,
    complaints: () => complaints,
    async told(event) {
      for (;;) {
        const said = await next()
        if (said['event'] === event) return said['nodes'] as ClusterReady['nodes']
        if (said['event'] === 'restart-failed') throw new Error(`the restart failed: ${complaints}`)
      }
    },
  }
}
