import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { once } from 'node:events'

/**
 * Its standard input is ours to hold: when it ends, which also happens when we are killed, the child ends. A group of its own, so that
 * Ctrl-C reaches the child through us alone, in order.
 */
export function startChild(
  command: string,
  args: readonly string[],
  log: 'inherit' | 'ignore' = 'inherit',
): ChildProcess {
  const stdio: StdioOptions = ['pipe', 'pipe', log]
  const child = spawn(command, args, { stdio, detached: true })
  // What is written to somebody who has just ended is of no interest.
  child.stdin?.on('error', () => undefined)
  child.on('error', () => undefined)
  return child
}

/** In words how a child ended, once it has. */
export async function endOf(child: ChildProcess): Promise<string> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'close')
  return child.signalCode ?? `exit code ${child.exitCode}`
}

/** @param askToEnd after so long without an end it is killed */
export async function stopChild(child: ChildProcess, askToEnd: () => void, graceMs: number): Promise<void> {
  const ended = endOf(child)
  askToEnd()
  const impatience = setTimeout(() => child.kill('SIGKILL'), graceMs)
  await ended
  clearTimeout(impatience)
}
