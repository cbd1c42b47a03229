/** The program as operators run it: a process of its own through the real command, on loopback and free ports, to be killed and started again. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import { type Inspector, inspectable, openInspector } from './inspector.ts'
import type { Resources } from './judge/invariants.ts'

export interface NodeParts {
  /** `emulate` where it is left out. */
  readonly command?: 'emulate' | 'serve'
  /** The folder of the version that is started; this one where it is left out. */
  readonly clone?: string
  /** Options of the command. */
  readonly options: readonly string[]
  /** A program, with its options, that starts ours: `prlimit`, for example. */
  readonly starter?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** Of the public listener; a free one when it is left out. */
  readonly port?: number
  /** Of the operator's listener. */
  readonly operatorPort?: number
  /** More options of Node itself. */
  readonly nodeOptions?: readonly string[]
  /** With Node's inspector, so that its memory can be judged. */
  readonly isInspected?: boolean
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface NodeProcess {
  readonly url: string
  operatorUrl(): string
  operatorToken(): string
  pid(): number
  isRunning(): boolean
  /** All it has said on standard error, of every life. */
  log(): string
  signal(name: NodeJS.Signals): void
  /** How this life ended, once it has. */
  ended(): Promise<Ended>
  /** kill -9. */
  kill(): Promise<void>
  /** Starts it again on the same port. @returns how many ms that took until it was ready */
  start(): Promise<number>
  readiness(): Promise<number>
  /** Of this life, which has to be inspected. */
  inspector(): Promise<Inspector>
  /** With its memory, if it is inspected. */
  resources(): Promise<Resources>
}

const endWithParent = join(import.meta.dirname, '../../scripts/cluster/end-with-parent.ts')
const thisClone = join(import.meta.dirname, '../..')

interface Life {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  readonly ready: { readonly url: string; readonly operatorUrl: string; readonly operatorToken: string }
}

function begin(parts: NodeParts, say: (words: string) => void): Omit<Life, 'ready'> {
  const { clone = thisClone, starter = [], environment = {}, nodeOptions = [], isInspected = false } = parts
  const command = join(clone, 'bin/panoptes.js')
  const node = [
    process.execPath,
    '--max-semi-space-size=16',
    ...nodeOptions,
    ...(isInspected ? inspectable : []),
  ]
  const words = [...starter, ...node, '--import', endWithParent, command]
  const [program = '', ...args] = [...words, parts.command ?? 'emulate', '--json', ...parts.options]
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: '/usr/bin:/bin', ...environment },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  // Whoever writes to somebody who has just ended is of no interest.
  child.stdin.on('error', () => undefined)
  child.stderr.setEncoding('utf8').on('data', say)
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }) as Ended)
  return { child, ended }
}

/** @throws Error with what it said, when it ends before it is ready */
async function live(parts: NodeParts, say: (words: string) => void, log: () => string): Promise<Life> {
  const { child, ended } = begin(parts, say)
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  const line = await Promise.race([
    once(lines, 'line').then(([first]) => String(first)),
    ended.then(({ code, signal }) => {
      throw new Error(`the node ended before it was ready (${signal ?? code}): ${log()}`)
    }),
  ])
  return { child, ended, ready: JSON.parse(line) as Life['ready'] }
}

/** A start that is meant to fail. @returns what it said, and how it ended */
export async function startInVain(parts: NodeParts): Promise<Ended & { readonly words: string }> {
  let words = ''
  // On free ports: whoever has those of the program is no reason of its own.
  const options = ['--port', '0', '--operator-port', '0', ...parts.options]
  const { child, ended } = begin({ ...parts, options }, (said) => {
    words += said
  })
  let isServing = false
  child.stdout?.on('data', () => {
    isServing = true
    child.kill('SIGKILL')
  })
  const end = await ended
  if (isServing) throw new Error('the node started')
  return { ...end, words }
}

/** @returns once it is ready; it ends with the test */
export async function startNode(parts: NodeParts): Promise<NodeProcess> {
  let said = ''
  const say = (words: string): void => {
    said += words
  }
  const onPort = (port: string): Promise<Life> =>
    live(
      {
        ...parts,
        options: [...parts.options, '--port', port, '--operator-port', `${parts.operatorPort ?? 0}`],
      },
      say,
      () => said,
    )
  let life = await onPort(String(parts.port ?? 0))
  let isRunning = true
  const inspectors = new WeakMap<Life, Promise<Inspector>>()
  const inspector = (): Promise<Inspector> => {
    const opened = inspectors.get(life) ?? openInspector(said)
    inspectors.set(life, opened)
    return opened
  }
  const watch = (one: Life): void =>
    void one.ended.then(() => {
      if (one === life) isRunning = false
    })
  watch(life)
  // The ready line says the origin, which may be another node's.
  const url = parts.port === undefined ? life.ready.url : `http://127.0.0.1:${parts.port}`
  const pid = (): number => life.child.pid ?? 0
  return {
    url,
    operatorUrl: () => life.ready.operatorUrl,
    operatorToken: () => life.ready.operatorToken,
    pid,
    isRunning: () => isRunning,
    log: () => said,
    signal: (name) => void life.child.kill(name),
    ended: () => life.ended,
    async kill() {
      life.child.kill('SIGKILL')
      await life.ended
    },
    async start() {
      const begun = performance.now()
      life = await onPort(new URL(url).port)
      isRunning = true
      watch(life)
      return performance.now() - begun
    },
    readiness: () =>
      fetch(`${life.ready.operatorUrl}/health/ready`, { signal: AbortSignal.timeout(5_000) }).then(
        async (answer) => {
          await answer.arrayBuffer()
          return answer.status
        },
        () => 0,
      ),
    inspector,
    async resources() {
      const heldBytes = parts.isInspected ? await (await inspector()).heldBytes() : undefined
      const openFiles = readdirSync(`/proc/${pid()}/fd`).length
      return heldBytes === undefined
        ? { openFiles }
        : { openFiles, memory: { heldBytes, residentBytes: residentBytes(pid()) } }
    },
  }
}

function residentBytes(pid: number): number {
  const [, pages = '0'] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')
  return Number(pages) * 4_096
}
