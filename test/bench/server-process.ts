import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { createInterface } from 'node:readline'

/** A server in a process of its own; on Linux with two cores or more it has one for itself and the load the others. */
export interface ServerProcess extends AsyncDisposable {
  /** The first line that it printed, parsed. */
  readonly ready: Readonly<Record<string, unknown>>
  /** Milliseconds from the spawn to that line. */
  readonly readyMs: number
  /** Processor time that it used so far, user and system, in microseconds. */
  cpuMicroseconds(): number
  /** Resident memory in bytes. */
  residentBytes(): number
  /** Tells the process something, as those that it watches for understand it. */
  signal(name: NodeJS.Signals): void
}

/** As it was at the start: pinning lowers what Node says. */
export const cores: number = availableParallelism()
const canPin = process.platform === 'linux' && cores > 1 && spawnSync('taskset', ['--version']).status === 0
/** Of the times in /proc. */
const ticksPerSecond = 100

/** As `npm start` does it. */
export const ourStart: readonly string[] = ['--max-semi-space-size=16', 'bin/panoptes.js']

const pinTo = (list: string, pid = process.pid): void =>
  void spawnSync('taskset', ['--all-tasks', '--pid', '--cpu-list', list, String(pid)])

/** Processor time that a process used so far, user and system, in microseconds. */
export function processorMicroseconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1e6
}

/** Moves a process that runs already to the server's core. */
export function pinToServer(pid: number): void {
  if (canPin) pinTo('0', pid)
}

/** Moves it to where the load is. */
export function pinToLoad(pid: number): void {
  if (canPin) pinTo(`1-${cores - 1}`, pid)
}

/** Keeps the load, this process, off the server's core. Without `taskset` nothing is pinned, and the table says so. */
export function pinLoad(): string {
  if (!canPin) return 'nothing pinned: server and load share the cores'
  pinToLoad(process.pid)
  return 'server on core 0, load on the others'
}

/** For several servers: this process, and what it starts from now on, run where they like. */
export function unpinLoad(): void {
  if (canPin) pinTo(`0-${cores - 1}`)
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    if (!child.stdout) throw new Error('the server has no standard output')
    createInterface({ input: child.stdout }).once('line', resolve)
    let complaint = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      complaint = `${complaint}${chunk}`.slice(-1_000)
    })
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${complaint}`)))
  })
}

/** What a child of ours is asked about, and how it ends. */
function processOf(child: ChildProcess): Omit<ServerProcess, 'ready' | 'readyMs'> {
  // taskset replaces itself by the server, so the process id is the server's.
  const proc = (file: string): string => readFileSync(`/proc/${child.pid}/${file}`, 'utf8')
  return {
    cpuMicroseconds: () => processorMicroseconds(child.pid ?? 0),
    residentBytes: () => Number(/VmRSS:\s+(\d+)/.exec(proc('status'))?.[1] ?? 0) * 1024,
    signal: (name) => void child.kill(name),
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, 3_000))])
      child.kill('SIGKILL')
    },
  }
}

/** On the server's core, or where the load is. */
function spawnOn(core: 'server' | 'load', command: readonly string[]): ChildProcess {
  const [program = '', ...args] =
    canPin && core === 'server' ? ['taskset', '--cpu-list', '0', ...command] : command
  return spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
}

/** A server of another make, on the server's core; whoever starts it knows where it is and when it answers. */
export const startProgram = (command: readonly string[]): Omit<ServerProcess, 'ready'> => ({
  ...processOf(spawnOn('server', command)),
  readyMs: 0,
})

/** @param core what stands behind a measured server belongs to the load */
export async function startServer(
  args: readonly string[],
  core: 'server' | 'load' = 'server',
): Promise<ServerProcess> {
  const startedAt = performance.now()
  const child = spawnOn(core, [process.execPath, ...args])
  const line = await firstLine(child)
  const readyMs = performance.now() - startedAt
  return { ...processOf(child), ready: JSON.parse(line) as Record<string, unknown>, readyMs }
}
